"""Make golden/dumps: what diffusers writes in float32 and bfloat16, and what models with one known mistake write.

    python make_dumps.py [--cases ../cases] [--out ../dumps]

The judge is tested with these files.  For each wrong model the first tap that must diverge is stated below, and checked
here against a correct run in the same dtype: all taps before it must have the same bits.
"""
import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "backends" / "torch"))

import torch
from safetensors.torch import load_file

import goldreel_dump as gd


def rope_theta(model):
    model.rope.theta = 10000.0


def swapped(model):
    norm1 = model.transformer_blocks[1].norm1

    def forward(x, emb):
        scale, shift, *rest = norm1.linear(norm1.silu(emb)).chunk(6, dim=1)
        return norm1.norm(x) * (1 + scale[:, None]) + shift[:, None], *rest
    norm1.forward = forward


def erf_gelu(model):
    model.transformer_blocks[0].ff.net[0].approximate = "none"


def unmasked(model):
    def hook(module, args, kwargs):
        return args, {**kwargs, "encoder_attention_mask": torch.ones_like(kwargs["encoder_attention_mask"])}
    model.register_forward_pre_hook(hook, with_kwargs=True)


def qk_epsilon(model):
    for name, module in model.named_modules():
        if name.endswith((".norm_q", ".norm_k", ".norm_added_q", ".norm_added_k")):
            module.eps = 1e-5


# The pooled text is a mean over the valid tokens: its embedder runs before anything else looks at the mask.
POOLED = "context_embedder.time_text_embed.text_embedder.linear_1"
DUMPS = [  # case, dtype, patch, first wrong tap, about
    ("padded-batch", "f32", None, None, "diffusers as published"),
    ("padded-batch", "bf16", None, None, "diffusers as published"),
    ("one-frame", "f32", None, None, "diffusers as published, from Tencent's layout"),
    ("bf16-weights", "f32", None, None, "diffusers as published"),
    ("bf16-weights", "bf16", None, None, "diffusers as published, weights exact in this dtype"),
    ("small-activations", "f32", None, None, "diffusers as published"),
    ("two-frame-patch", "f32", None, None, "diffusers as published"),
    ("sampler-embedded", "f32", None, None, "diffusers as published"),
    ("sampler-two-pass", "f32", None, None, "diffusers as published"),
    ("sampler-two-pass", "bf16", None, None, "diffusers as published, latents kept in float32"),
    ("padded-batch", "f32", rope_theta, "transformer_blocks.0.attn.rope_q", "rope theta 10000 instead of 256"),
    ("two-frame-patch", "f32", swapped, "transformer_blocks.1.norm1", "shift and scale of one image norm swapped"),
    ("one-frame", "f32", erf_gelu, "transformer_blocks.0.ff.net.0", "erf GELU instead of the tanh form in one image MLP"),
    ("bf16-weights", "f32", unmasked, POOLED, "text mask ignored: all ones"),
    ("small-activations", "f32", qk_epsilon, "transformer_blocks.0.attn.norm_q", "epsilon 1e-5 in the query and key norms"),
    ("bf16-weights", "bf16", rope_theta, "transformer_blocks.0.attn.rope_q", "rope theta 10000 instead of 256"),
    ("bf16-weights", "bf16", unmasked, POOLED, "text mask ignored: all ones"),
]


def relative(got, want):
    return ((got.double() - want).abs().max() / want.abs().max()).item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=Path, default=HERE.parent / "cases")
    parser.add_argument("--out", type=Path, default=HERE.parent / "dumps")
    a = parser.parse_args()
    torch.set_num_threads(1)
    a.out.mkdir(exist_ok=True)
    rows = []
    for case, dtype, patch, first, about in DUMPS:
        folder = a.cases / case
        name = f"{case}.{dtype}{'.' + patch.__name__.replace('_', '-') if patch else ''}.safetensors"
        model = gd.load_model(folder, dtype)
        correct = gd.run(model, folder, dtype)
        if patch:
            patch(model)
        gd.dump(model, folder, a.out / name, dtype)
        got, golden = load_file(a.out / name), load_file(folder / "golden.safetensors")
        assert got.keys() == golden.keys() and all(t.isfinite().all() for t in got.values())
        order = [n for n in correct if n in golden]
        differing = next((n for n in order if not torch.equal(got[n], correct[n])), None)
        assert differing == first, (name, differing)
        if patch:
            print(f"{name:50} {first}: {relative(got[first], golden[first]):.1e}, correct {relative(correct[first], golden[first]):.1e}")
        else:
            worst = max((relative(got[n], golden[n]), n) for n in order)
            print(f"{name:50} last tap {relative(got[order[-1]], golden[order[-1]]):.1e}, worst {worst[0]:.1e} at {worst[1]}")
        rows.append(json.dumps({"dump": name, "case": case, "dtype": dtype, "expect": "fail" if patch else "pass",
                                "first": first, "about": about}) + "\n")
    (a.out / "INDEX.jsonl").write_text("".join(rows))
    print(sum(f.stat().st_size for f in a.out.iterdir()), "bytes")


if __name__ == "__main__":
    main()
