"""Run one goldreel case with diffusers and write every intermediate tensor under its module path.
    python goldreel_dump.py golden/cases/padded-batch out.safetensors [--dtype f32|bf16|f16|f64] [--device cpu|cuda]
or, for a transformer of your own (compiled, patched, quantised, same module tree): dump(transformer, case_dir, out, dtype)
"""
import argparse, hashlib, json, struct, sys
from pathlib import Path
import diffusers, torch
from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel
from safetensors.torch import load_file
DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "i64": torch.int64}
RENAME = [pair.split("=") for pair in """img_in=x_embedder time_in=T.timestep_embedder guidance_in=T.guidance_embedder
    vector_in=T.text_embedder in_layer=linear_1 out_layer=linear_2 txt_in.input_embedder=context_embedder.proj_in
    txt_in.t_embedder=context_embedder.T.timestep_embedder embedder.mlp.0=embedder.linear_1
    txt_in.c_embedder=context_embedder.T.text_embedder embedder.mlp.2=embedder.linear_2 T.=time_text_embed.
    double_blocks=transformer_blocks single_blocks=single_transformer_blocks linear2=proj_out final_layer.linear=proj_out
    txt_in.individual_token_refiner.b=context_embedder.token_refiner.refiner_b img_mod.=norm1. txt_mod.=norm1_context.
    modulation.linear=norm.linear final_layer.adaLN=adaLN adaLN_modulation.1=norm_out.linear img_attn_q_norm=attn.norm_q
    img_attn_k_norm=attn.norm_k txt_attn_q_norm=attn.norm_added_q txt_attn_k_norm=attn.norm_added_k .q_norm=.attn.norm_q
    .k_norm=.attn.norm_k img_attn_proj=attn.to_out.0 self_attn_proj=attn.to_out.0 txt_attn_proj=attn.to_add_out img_mlp=ff
    txt_mlp=ff_context .mlp.=.ff. .fc1=.net.0.proj .fc2=.net.2""".split()]   # Tencent=diffusers, in this order
QKV, ADDED = ["attn.to_q", "attn.to_k", "attn.to_v"], ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"]
SPLIT = {"img_attn_qkv": QKV, "txt_attn_qkv": ADDED, "self_attn_qkv": QKV, "linear1": QKV + ["proj_mlp"]}

def from_tencent(tensors, width, dim=0):
    """Tencent's state dict under diffusers' names: joined rows taken apart, the final layer's (shift, scale) swapped."""
    out = {}
    for name, t in tensors.items():
        key = next((k for k in SPLIT if k in name.split(".")), "")
        sizes = [width] * 3 + [t.shape[dim] - 3 * width] * (key == "linear1") if key else t.shape[dim]
        if name.startswith("final_layer.adaLN_modulation.1"):
            t = torch.cat(t.chunk(2, dim)[::-1], dim)
        for old, new in RENAME:
            name = name.replace(old, new)
        out.update({name.replace(key, part): rows for part, rows in zip(SPLIT.get(key, [""]), t.split(sizes, dim))})
    return out

def record(model, forward):
    """Every intermediate of forward(), which runs the model once, in the order of completion: {tap: tensor}."""
    taps, inside, handles, F, E = {}, [], [], torch.nn.functional, diffusers.models.embeddings
    def put(name, out):
        for i, t in enumerate(out if isinstance(out, (tuple, list)) else [out]):
            tap = f"{name}[{i}]" if i else name
            calls = sum(k == tap or k.startswith(tap + "#") for k in taps)
            if isinstance(t, torch.Tensor):
                taps[f"{tap}#{calls + 1}" if calls else tap] = t.detach().clone()
        return out
    for name, module in model.named_modules():
        enter = lambda m, args, name=name: inside.append(name) if name.endswith(".attn") else None
        leave = lambda m, args, out, name=name: put(name, out) if name else None
        handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    sdpa, rotary = F.scaled_dot_product_attention, E.apply_rotary_emb
    F.scaled_dot_product_attention = lambda *a, **k: put(inside[-1] + ".sdpa", sdpa(*a, **k).transpose(1, 2)).transpose(1, 2)
    E.apply_rotary_emb = lambda *a, **k: put(inside[-1] + ".rope_" + "qk"[inside[-1] + ".rope_q" in taps], rotary(*a, **k))
    try:
        put("sample", forward())
    finally:
        F.scaled_dot_product_attention, E.apply_rotary_emb = sdpa, rotary
        [h.remove() for h in handles]
    return taps

def sample(predict, x, settings, wide):     # the Euler loop; latents and update stay in float32 (float64 under f64)
    negative = {k.removeprefix("negative_"): x.pop(k) for k in list(x) if k.startswith("negative_")}
    z, n, scheduler = x.pop("latents").to(wide), settings["steps"], FlowMatchEulerDiscreteScheduler(shift=settings["shift"])
    scheduler.set_timesteps(sigmas=[1 - i / n for i in range(n)], device=z.device)
    taps = {"sampler.sigmas": scheduler.sigmas, "sampler.timesteps": scheduler.timesteps}
    if "embedded_guidance" in settings:
        taps["sampler.guidance"] = x["guidance"] = z.new_full((len(z),), 1000 * settings["embedded_guidance"])
    for i, t in enumerate(scheduler.timesteps):
        v = predict({**x, "hidden_states": z, "timestep": t.expand(len(z))})
        if "cfg_scale" in settings:
            u = predict({**negative, "hidden_states": z, "timestep": t.expand(len(z))})
            taps[f"steps.{i}.noise_pred_cond"], taps[f"steps.{i}.noise_pred_uncond"] = v, u
            v = u + settings["cfg_scale"] * (v - u)
        taps[f"steps.{i}.noise_pred"] = v
        taps[f"steps.{i}.latents"] = z = scheduler.step(v.to(wide), t, z, return_dict=False)[0]
    return {**taps, "latents": z}

@torch.no_grad()
def run(model, case_dir, dtype="f32", device="cpu"):
    case, narrow = json.loads((Path(case_dir) / "case.json").read_text()), DTYPES[dtype]
    predict = lambda x: model(**{k: v.to(narrow) if k.endswith(("states", "projections")) else v for k, v in x.items()}).sample
    x = {k: v.to(device) for k, v in load_file(Path(case_dir) / case["inputs"]).items()}
    if "sampler" in case:
        return sample(predict, x, case["sampler"], torch.float64 if dtype == "f64" else torch.float32)
    return record(model, lambda: predict(x))

def load_model(case_dir, dtype="f32", device="cpu"):
    case = json.loads((Path(case_dir) / "case.json").read_text())
    config = json.loads((Path(case_dir) / case["config"]).read_text())
    model = HunyuanVideoTransformer3DModel(**{k: v for k, v in config.items() if k != "_class_name"})
    state, width = load_file(Path(case_dir) / case["weights"]), config["num_attention_heads"] * config["attention_head_dim"]
    torch.nn.Module.to(model, device, DTYPES[dtype])
    model.load_state_dict(from_tencent(state, width) if "txt_in.input_embedder.weight" in state else state)
    return model.eval()

def save(path, tensors, metadata):
    """A safetensors file whose header and data keep the order of the dict (the official writer sorts)."""
    codes, header, blobs, end = {v: k.upper() for k, v in DTYPES.items()}, {"__metadata__": metadata}, [], 0
    for name, t in tensors.items():
        blobs.append(t.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        header[name] = {"dtype": codes[t.dtype], "shape": list(t.shape), "data_offsets": [end, end := end + len(blobs[-1])]}
    text = json.dumps(header, separators=(",", ":")).encode()
    size = len(text) + 7 & ~7                                    # the data starts at a multiple of 8
    Path(path).write_bytes(struct.pack("<Q", size) + text.ljust(size) + b"".join(blobs))

def dump(model, case_dir, out, dtype="f32", device="cpu"):
    case = json.loads((Path(case_dir) / "case.json").read_text())
    meta = {"case": case["case"], "policy": dtype, "torch": torch.__version__, "diffusers": diffusers.__version__}
    names, taps = set(load_file(Path(case_dir) / case["golden"]) if "golden" in case else ()), run(model, case_dir, dtype, device)
    print("".join(f"goldreel_dump: no tap {n}\n" for n in sorted(names - taps.keys())), end="", file=sys.stderr)
    sha = {f"{k}_sha256": hashlib.sha256((Path(case_dir) / case[k]).read_bytes()).hexdigest() for k in ("weights", "inputs")}
    save(out, {n: t for n, t in taps.items() if n in (names or taps)}, {**meta, **sha})

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("case_dir"), parser.add_argument("out")
    parser.add_argument("--dtype", default="f32", choices=list(DTYPES)[:4]), parser.add_argument("--device", default="cpu")
    a = parser.parse_args()
    dump(load_model(a.case_dir, a.dtype, a.device), a.case_dir, a.out, a.dtype, a.device)
