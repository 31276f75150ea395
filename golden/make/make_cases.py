"""Make golden/cases: seeded weights and inputs, and every intermediate tensor in float64 from two public codes.

    python make_cases.py --tencent DIR [--out ../cases] [CASE ...]

DIR is a checkout of Tencent-Hunyuan/HunyuanVideo at the commit named in tencent.py.  diffusers makes the golden;
Tencent's code runs on the same weights and inputs and has to agree on every tap.
"""
import os
os.environ["ATEN_CPU_CAPABILITY"] = "default"       # plain kernels: the same bytes on more machines
os.environ["MKL_CBWR"] = "COMPATIBLE"

import argparse
import hashlib
import json
import math
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "backends" / "torch"))
import promote
promote.promote()

import diffusers
import torch
from safetensors.torch import load_file

import goldreel_dump as gd
import tencent
from cases import BASE, CASES

AGREE = 2e-14                                       # largest relative difference between the two codes that is accepted
HERE = Path(__file__).resolve().parent


def draw_weights(model, seed, scale=None):
    """Every parameter from one generator: linear 1/sqrt(fan in), bias 0.3, norm 1 + 0.3 n.  Nothing is zero."""
    g, out = torch.Generator().manual_seed(seed), {}
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=g, dtype=torch.float64)
        w = n / p[0].numel() ** 0.5 if p.dim() > 1 else 0.3 * n if name.endswith("bias") else 1 + 0.3 * n
        out[name] = w * scale[1] if scale and re.search(scale[0], name) else w
    return out


def draw_inputs(spec, config, seed):
    """Standard normal inputs in float32; rows of padding text are three times as large."""
    g, batch = torch.Generator().manual_seed(seed), len(spec["valid"])

    def randn(*shape):
        return torch.randn(shape, generator=g, dtype=torch.float64).float()

    def text(valid, prefix=""):
        mask = (torch.arange(spec["text"])[None] < torch.tensor(valid)[:, None]).long()
        states = randn(batch, spec["text"], config["text_embed_dim"])
        return {prefix + "encoder_hidden_states": torch.where(mask[..., None] == 1, states, 3 * states),
                prefix + "encoder_attention_mask": mask,
                prefix + "pooled_projections": randn(batch, config["pooled_projection_dim"])}
    x = {"latents" if "sampler" in spec else "hidden_states": randn(batch, *spec["latent"])}
    for name, key in (("timestep", "t"), ("guidance", "guidance")):
        if key in spec:
            x[name] = torch.tensor(spec[key], dtype=torch.float32)
    x.update(text(spec["valid"]))
    if "negative" in spec:
        x.update(text(spec["negative"], "negative_"))
    return x


# Containers and slices that repeat a stored tensor; ff.net.0.activation repeats ff.net.0.
REPEATS = re.compile(r"(^|\.)(timestep_embedder|text_embedder|guidance_embedder|attn|ff|ff_context|token_refiner"
                     r"|context_embedder|rope|activation|refiner_blocks\.\d+\.norm_out)(\[\d+\])?$")


def distinct(taps, model):
    """The taps that a golden stores, in the order in which diffusers computes them."""
    dropout = {n for n, m in model.named_modules() if isinstance(m, torch.nn.Dropout)}
    kept, seen = {}, {}
    for name, value in taps.items():
        element = re.search(r"\[\d+\]$", name)
        if name in dropout or REPEATS.search(name) or element and not re.search(r"blocks\.\d+\[1\]$", name):
            continue
        same = seen.setdefault((tuple(value.shape), value.contiguous().numpy().tobytes()), name)
        # modules of their own that compute the same numbers again: SiLU of the conditioning, the sinusoid of the time
        assert same == name or re.search(r"\.(silu|nonlinearity|time_proj)$", name), (name, same)
        kept[name] = value
    return kept


def relative(a, b):
    value = ((a - b).abs().max() / b.abs().max()).item()
    assert math.isfinite(value)
    return value


def disagreement(ours, theirs, x):
    """Largest relative difference over all taps, rows of padding text after the first joint attention left out."""
    if "encoder_attention_mask" not in x or "latents" in x:
        return max((relative(theirs[n], v), n) for n, v in ours.items())
    length, valid = x["encoder_attention_mask"].shape[1], x["encoder_attention_mask"].sum(1)
    worst = (0.0, "")
    for name, a in ours.items():
        b = theirs[name]
        assert a.shape == b.shape and a.dtype == b.dtype == torch.float64, (name, a.shape, b.shape, a.dtype, b.dtype)
        text_last = a.dim() > 2 and name.count("transformer_blocks") and not re.search(r"rope_[qk]$", name) and (
            name.startswith("single") and not re.fullmatch(r"single_transformer_blocks\.\d+", name)
            or re.search(r"context|\.add_|norm_added|to_add_out|sdpa|\[1\]$", name))
        for i in range(len(a)):
            rows = a.shape[1] - length + valid[i] if text_last else a.shape[1]
            worst = max(worst, (relative(b[i, :rows], a[i, :rows]), name))
    return worst


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(spec, models, out):
    folder = out / spec["case"]
    folder.mkdir(parents=True, exist_ok=True)
    config, layout = {**BASE, **spec["config"]}, spec.get("layout", "diffusers")
    width = config["num_attention_heads"] * config["attention_head_dim"]
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    gd.save(folder / "inputs.safetensors", draw_inputs(spec, config, spec["seed"] + 5000), {"case": spec["case"]})

    blank = gd.HunyuanVideoTransformer3DModel(**{k: v for k, v in config.items() if k != "_class_name"})
    second = tencent.build(models, config)
    weights = "weights.safetensors"
    if "weights" in spec:
        weights = f"../{spec['weights']}/{weights}"
    else:
        state = {k: v.to(gd.DTYPES[spec.get("store", "f32")]) for k, v in
                 draw_weights(blank, spec["seed"], spec.get("scale")).items()}
        if layout == "tencent":
            state = tencent.to_tencent(second, state, width)
        gd.save(folder / weights, state, {"case": spec["case"], "layout": layout})

    case = {
        "case": spec["case"], "about": spec["about"], "model": "hunyuan-sampler" if "sampler" in spec else "hunyuan-dit",
        "config": "config.json", "weights": weights, "layout": layout,
        "inputs": "inputs.safetensors", "golden": "golden.safetensors", "exposes": spec["exposes"],
        **({"sampler": spec["sampler"]} if "sampler" in spec else {}),
        "made_with": {"torch": torch.__version__.split("+")[0], "diffusers": diffusers.__version__,
                      "tencent_commit": tencent.COMMIT, "script": "golden/make/make_cases.py", "seed": spec["seed"]},
    }
    (folder / "case.json").write_text(json.dumps(case))

    first = gd.load_model(folder, "f64")
    ours = gd.run(first, folder, "f64")
    if "sampler" not in spec:
        ours = distinct(ours, first)
    gd.save(folder / "golden.safetensors", ours, {"case": spec["case"]})

    state = {k: v.double() for k, v in load_file(folder / weights).items()}
    second.load_state_dict(state if layout == "tencent" else tencent.to_tencent(second, state, width))
    x = {k: v.double() if v.is_floating_point() else v for k, v in load_file(folder / "inputs.safetensors").items()}
    if "sampler" in spec:
        theirs = tencent.sample(second, config, x, spec["sampler"])
    else:
        theirs = tencent.taps(second, config, x)
    assert all(v.isfinite().all() and v.dtype == torch.float64 for v in ours.values())
    missing = ours.keys() - theirs.keys()
    assert not missing, f"Tencent's code shows no {sorted(missing)}"
    worst, where = disagreement(ours, theirs, x)
    assert worst < AGREE, (spec["case"], worst, where)

    case["agreement"] = float(f"{worst:.2e}")
    case["sha256"] = {k: digest(folder / case[k]) for k in ("config", "weights", "inputs", "golden")}
    (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir())
    final = "latents" if "sampler" in spec else "sample"
    print(f"{spec['case']:18} {len(ours):4} taps {size:8} bytes   worst {worst:.1e} at {where}; "
          f"{final} {relative(theirs[final], ours[final]):.1e}, largest {ours[final].abs().max():.3g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tencent", required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=HERE.parent / "cases")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    a = parser.parse_args()
    torch.set_num_threads(1)
    models = tencent.load(a.tencent)
    for spec in CASES:
        if not a.cases or spec["case"] in a.cases:
            make(spec, models, a.out)
    rows = []
    for spec in CASES:
        if (a.out / spec["case"] / "case.json").exists():
            model = "hunyuan-sampler" if "sampler" in spec else "hunyuan-dit"
            rows.append(json.dumps({"case": spec["case"], "model": model, "about": spec["about"]}) + "\n")
    (a.out / "INDEX.jsonl").write_text("".join(rows))


if __name__ == "__main__":
    main()
