"""Tencent's HunyuanVideo transformer and scheduler, run on a CPU, with taps under diffusers' names."""
import argparse
import hashlib
import importlib
import sys
import types
from pathlib import Path

import torch

from goldreel_dump import from_tencent

COMMIT = "fa14b001c18f37191c938a9ef6baad3b9b472759"
FILES = [f"hyvideo/modules/{n}.py" for n in (
    "__init__ activation_layers attenion embed_layers mlp_layers models modulate_layers norm_layers posemb_layers token_refiner"
    ).split()] + ["hyvideo/__init__.py", "hyvideo/utils/__init__.py", "hyvideo/utils/helpers.py",
                  "hyvideo/diffusion/schedulers/scheduling_flow_match_discrete.py"]
SHA256 = "177756864b8498f841dcfab0c7db5a9135668d497009803a5870261df42de718"

# Outputs of modules that own no parameters: Tencent=diffusers; what is left goes through goldreel_dump.RENAME.
OUTPUTS = [pair.split("=") for pair in """
    _in.mlp.1=_in.act t_embedder.mlp.1=t_embedder.act vector_in.silu=vector_in.act_1
    img_mod.act=norm1.silu txt_mod.act=norm1_context.silu img_norm1=norm1.norm txt_norm1=norm1_context.norm
    img_norm2=norm2 txt_norm2=norm2_context modulation.act=norm.silu pre_norm=norm.norm mlp_act=act_mlp
    img_mlp.act=ff.net.0 txt_mlp.act=ff_context.net.0 .mlp.act=.ff.net.0
    final_layer.adaLN_modulation.0=norm_out.silu final_layer.norm_final=norm_out.norm
    adaLN_modulation.0=norm_out.nonlinearity""".split()]


def load(directory):
    """Import the package from a checkout, after checking that it is the expected commit's text."""
    blob = b"".join((Path(directory) / f).read_bytes() for f in FILES)
    if hashlib.sha256(blob).hexdigest() != SHA256:
        sys.exit(f"tencent: {directory} is not HunyuanVideo at {COMMIT} (used files differ)")
    package = types.ModuleType("hyvideo")                   # without hyvideo.diffusion, which wants the text encoders
    package.__path__ = [str(Path(directory) / "hyvideo"), str(Path(directory) / "hyvideo/diffusion/schedulers")]
    sys.modules["hyvideo"] = package
    models = importlib.import_module("hyvideo.modules.models")
    importlib.import_module("hyvideo.modules.attenion").flash_attn_varlen_func = varlen_attention
    return models


def varlen_attention(q, k, v, cu_q, cu_k, max_q, max_k):
    """What flash_attn_varlen_func computes: row ranges [cu[i], cu[i+1]) attend within themselves, scale 1/sqrt(dim)."""
    out = torch.zeros_like(q)
    for a, b, c, d in zip(cu_q[:-1], cu_q[1:], cu_k[:-1], cu_k[1:]):
        if b > a:
            score = torch.einsum("qhe,khe->hqk", q[a:b], k[c:d]) / q.shape[-1] ** 0.5
            out[a:b] = torch.einsum("hqk,khe->qhe", score.softmax(-1), v[c:d])
    return out


def build(models, config):
    args = argparse.Namespace(text_states_dim=config["text_embed_dim"], text_states_dim_2=config["pooled_projection_dim"])
    heads, width = config["num_attention_heads"], config["num_attention_heads"] * config["attention_head_dim"]
    model = models.HYVideoDiffusionTransformer(
        args, patch_size=[config["patch_size_t"], config["patch_size"], config["patch_size"]],
        in_channels=config["in_channels"], out_channels=config["out_channels"], hidden_size=width, heads_num=heads,
        mlp_width_ratio=config["mlp_ratio"], mm_double_blocks_depth=config["num_layers"],
        mm_single_blocks_depth=config["num_single_layers"], rope_dim_list=list(config["rope_axes_dim"]),
        guidance_embed=config["guidance_embeds"])
    # The refiner's depth of 2 is written into the constructor; other depths are made by dropping blocks.
    refiner = model.txt_in.individual_token_refiner
    refiner.blocks = refiner.blocks[:config["num_refiner_layers"]]
    assert len(refiner.blocks) == config["num_refiner_layers"]
    return model.eval()


def to_tencent(model, state, width):
    """Inverse of from_tencent: number every scalar of Tencent's parameters, rename the numbers, look the values up."""
    shapes, numbered, count = {k: v.shape for k, v in model.state_dict().items()}, {}, 0
    for name, shape in shapes.items():
        numbered[name] = torch.arange(count, count + shape.numel()).reshape(shape)
        count += shape.numel()
    flat = torch.full((count,), float("nan"), dtype=next(iter(state.values())).dtype)
    places = from_tencent(numbered, width)
    assert places.keys() == state.keys()
    for name, place in places.items():
        flat[place.flatten()] = state[name].flatten()
    assert not flat.isnan().any()
    return {name: flat[n.flatten()].reshape(n.shape).clone() for name, n in numbered.items()}


def rotary(model, config, z):
    sizes = [n // p for n, p in zip(z.shape[2:], model.patch_size)]
    posemb = sys.modules["hyvideo.modules.posemb_layers"]
    return posemb.get_nd_rotary_pos_embed(list(config["rope_axes_dim"]), sizes, theta=config["rope_theta"],
                                          use_real=True, theta_rescale_factor=1)


def predict(model, config, x):
    """The network on inputs named as diffusers names them; floats are float64 here."""
    cos, sin = rotary(model, config, x["hidden_states"])
    with torch.no_grad():
        return model(x["hidden_states"], x["timestep"], x["encoder_hidden_states"], x["encoder_attention_mask"],
                     x["pooled_projections"], cos, sin, x.get("guidance"))["x"]


def taps(model, config, x):
    """One forward pass with every intermediate that diffusers' module tree shows too, under the same names."""
    got, here, handles = {}, [], []
    names = {m: n for n, m in model.named_modules()}
    width = model.hidden_size
    n_img = None

    def put(name, value):
        got.setdefault(name, value.detach().clone())

    def output(module, args, out):
        name = names[module]
        if name.startswith("double_blocks.") and name.count(".") == 1:
            put(name, out[0]), put(name + "[1]", out[1])
        elif name.startswith("single_blocks.") and name.count(".") == 1:
            text = x["encoder_hidden_states"].shape[1]
            put(name, out[:, :-text]), put(name + "[1]", out[:, -text:])
        elif isinstance(out, torch.Tensor):
            put(name, out)

    def enter(module, args):
        here.append(names[module])
        if names[module] == "double_blocks.0":
            put("time_text_embed", args[2])
        if names[module] == "txt_in.individual_token_refiner":
            put("context_embedder.time_text_embed", args[1])

    def wrap(module, function, after):
        module, calls = sys.modules["hyvideo.modules." + module], {}
        original = getattr(module, function)

        def wrapped(*a, **k):
            out = original(*a, **k)
            calls[here[-1] if here else ""] = n = calls.get(here[-1] if here else "", 0) + 1
            after(here[-1] if here else "", n, out)
            return out
        setattr(module, function, wrapped)
        handles.append(types.SimpleNamespace(remove=lambda: setattr(module, function, original)))

    def modulated(block, n, out):
        part = ".norm" if block.startswith("single") else [".norm1", ".norm1_context"][n - 1] if n < 3 else None
        if part:
            put(block + part, out)

    def embedded(block, n, out):        # time first, then guidance; the refiner has a time embedder of its own
        inside = "context_embedder." if block == "txt_in" else ""
        put(inside + "time_text_embed.time_proj" + ("#2" if n > 1 else ""), out)

    def rotated(block, n, out):
        put(block + ".attn.rope_q", out[0]), put(block + ".attn.rope_k", out[1])

    def attended(block, n, out):
        put(block + ".attn.sdpa", out.unflatten(2, (model.heads_num, -1)))

    for name, module in model.named_modules():
        if name == "txt_in" or name.endswith("refiner") or (name.count(".") and name.split(".")[-2] in
                                                            ("blocks", "double_blocks", "single_blocks")):
            handles.append(module.register_forward_pre_hook(enter))
        if name:
            handles.append(module.register_forward_hook(output))
    handles.append(model.txt_in.register_forward_hook(lambda *a: here.clear()))
    wrap("models", "modulate", modulated)
    wrap("models", "apply_rotary_emb", rotated)
    wrap("models", "attention", attended)
    wrap("token_refiner", "attention", attended)
    wrap("mlp_layers", "modulate", lambda block, n, out: put("norm_out", out))
    wrap("embed_layers", "timestep_embedding", embedded)
    try:
        put("sample", predict(model, config, x))
    finally:
        for h in handles:
            h.remove()

    renamed = {}
    for name, value in got.items():
        for old, new in OUTPUTS:
            name = name.replace(old, new)
        renamed[name] = value
    out = {}
    for name, value in renamed.items():
        out.update(from_tencent({name: value}, width, -1))
    return out


def sample(model, config, x, settings):
    """Tencent's scheduler and its order of operations, same taps as goldreel_dump.sample."""
    module = importlib.import_module("hyvideo.scheduling_flow_match_discrete")
    scheduler = module.FlowMatchDiscreteScheduler(shift=settings["shift"], reverse=True)
    scheduler.set_timesteps(settings["steps"])
    z = x["latents"]
    got = {"sampler.sigmas": scheduler.sigmas, "sampler.timesteps": scheduler.timesteps}
    inputs = {k: v for k, v in x.items() if k != "latents" and not k.startswith("negative_")}
    if "embedded_guidance" in settings:
        inputs["guidance"] = torch.tensor([settings["embedded_guidance"]] * len(z)) * 1000.0
        got["sampler.guidance"] = inputs["guidance"]
    for i, t in enumerate(scheduler.timesteps):
        def network(prefix):
            text = {k: x[prefix + k] for k in ("encoder_hidden_states", "encoder_attention_mask", "pooled_projections")}
            return predict(model, config, {**inputs, **text, "hidden_states": z, "timestep": t.repeat(len(z))})
        v = network("")
        if "cfg_scale" in settings:
            cond, uncond = v, network("negative_")
            got[f"steps.{i}.noise_pred_cond"], got[f"steps.{i}.noise_pred_uncond"] = cond, uncond
            v = uncond + settings["cfg_scale"] * (cond - uncond)
        z = scheduler.step(v, t, z, return_dict=False)[0]
        got[f"steps.{i}.noise_pred"], got[f"steps.{i}.latents"] = v, z
    return {**got, "latents": z}
