"""The list of cases: configuration, shapes, scales and seeds.  Order is the order of golden/cases/INDEX.jsonl."""

BASE = {
    "_class_name": "HunyuanVideoTransformer3DModel",
    "in_channels": 4, "out_channels": 4, "num_attention_heads": 3, "attention_head_dim": 10, "num_layers": 2,
    "num_single_layers": 2, "num_refiner_layers": 2, "mlp_ratio": 4.0, "patch_size": 2, "patch_size_t": 1,
    "qk_norm": "rms_norm", "guidance_embeds": True, "text_embed_dim": 20, "pooled_projection_dim": 12,
    "rope_theta": 256.0, "rope_axes_dim": [2, 4, 4], "image_condition_type": None,
}

# small-activations: the layers that write into a residual stream or into a query/key norm, scaled to 1e-3.
SMALL = (r"^x_embedder\.proj\.|^context_embedder\.proj_in\.|\.to_out\.0\.|\.to_add_out\.|\.ff(_context)?\.net\.2\."
         r"|^single_transformer_blocks\.\d+\.proj_out\.|transformer_blocks\.\d+\.attn\.(add_[qk]_proj|to_[qk])\.")

CASES = [
    dict(case="padded-batch", about="two samples with 5 and 3 valid text tokens of 7, large values in the padding, "
         "token grid 2 x 2 x 5, embedded guidance",
         config={}, seed=1001, latent=[4, 2, 4, 10], text=7, valid=[5, 3], t=[937.25, 412.0625], guidance=[6000.0, 3500.0],
         exposes=["text mask ignored in the refiner, its pooling or the joint attention", "padding of one sample used for all",
                  "one time, guidance or modulation row used for the whole batch", "rope axes in another order, halves for pairs, other theta",
                  "patch channels fastest instead of slowest", "joint order text first", "sine before cosine",
                  "shift and scale swapped, or scale without 1 +", "erf GELU, or GELU in the refiner"]),
    dict(case="one-frame", about="one image, no guidance embedder, uneven rope split 2 + 4 + 10, weights in Tencent's layout",
         config=dict(num_attention_heads=2, attention_head_dim=16, num_layers=1, num_single_layers=1, guidance_embeds=False,
                     rope_axes_dim=[2, 4, 10]),
         seed=1002, latent=[4, 1, 6, 4], text=5, valid=[5], t=[731.5], layout="tencent",
         exposes=["qkv and linear1 taken apart at the wrong rows", "final shift and scale in the wrong order for this layout",
                  "one divisor for all rope axes", "height and width swapped", "guidance embedder taken for granted"]),
    dict(case="bf16-weights", about="weights stored as BF16, first time step (exactly 1000), guidance 6000, full-mantissa inputs",
         config=dict(num_attention_heads=2, attention_head_dim=12, num_layers=1, num_single_layers=1, rope_axes_dim=[4, 4, 4]),
         seed=1003, latent=[4, 2, 4, 6], text=6, valid=[4], t=[1000.0], guidance=[6000.0], store="bf16",
         exposes=["BF16 weights misread", "guidance rounded to 6016 by bf16", "time clipped below 1000",
                  "float32 sinusoid at large arguments", "inputs rounded to bf16 where float32 was asked for"]),
    dict(case="small-activations", about="image and text streams, queries and keys near 1e-3, where every epsilon shows",
         config=dict(num_attention_heads=2, attention_head_dim=12, num_layers=1, num_single_layers=1, rope_axes_dim=[4, 4, 4]),
         seed=1004, latent=[4, 2, 2, 4], text=4, valid=[3], t=[612.125], guidance=[6000.0], scale=(SMALL, 1e-3),
         exposes=["norm epsilon 1e-5 or 0 instead of 1e-6, in the blocks, the refiner, the final norm or the query/key norms",
                  "epsilon added outside the root", "unbiased variance"]),
    dict(case="f16-tencent", about="weights stored as F16 in Tencent's layout, three frames, embedded guidance",
         config=dict(num_attention_heads=3, attention_head_dim=10, num_layers=1, num_single_layers=2, rope_axes_dim=[4, 2, 4]),
         seed=1005, latent=[4, 3, 2, 4], text=6, valid=[2], t=[250.3125], guidance=[1000.0], store="f16", layout="tencent",
         exposes=["F16 weights misread", "names or row order of Tencent's layout wrong with more than one single block",
                  "frame index missing in the rope"]),
    dict(case="two-frame-patch", about="patches of two frames, MLP ratio 2 in the blocks but 4 in the refiner, one refiner block, "
         "more input than output channels",
         config=dict(in_channels=5, out_channels=3, num_attention_heads=2, attention_head_dim=12, num_layers=2, num_single_layers=1,
                     num_refiner_layers=1, mlp_ratio=2.0, patch_size_t=2, rope_axes_dim=[4, 4, 4]),
         seed=1006, latent=[5, 4, 4, 2], text=5, valid=[4], t=[87.875], guidance=[8000.0],
         exposes=["temporal patch size left out of the patch, the rope grid or the output", "MLP ratio of the blocks used in the refiner",
                  "number of refiner blocks fixed at 2", "out_channels taken from in_channels"]),
    dict(case="sampler-embedded", about="four Euler steps, shift 7, embedded guidance 6; network of padded-batch",
         config={}, seed=1007, latent=[4, 1, 4, 4], text=6, valid=[4], weights="padded-batch",
         sampler=dict(steps=4, shift=7.0, embedded_guidance=6.0),
         exposes=["schedule shifted twice, not at all, or ending above 0", "time fed as sigma instead of 1000 sigma",
                  "guidance fed as 6 or 6016 instead of 6000", "sign or direction of the Euler step"]),
    dict(case="sampler-two-pass", about="six Euler steps, shift 5, two passes with guidance scale 4.5; network of one-frame",
         config=dict(num_attention_heads=2, attention_head_dim=16, num_layers=1, num_single_layers=1, guidance_embeds=False,
                     rope_axes_dim=[2, 4, 10]),
         seed=1008, latent=[4, 2, 4, 2], text=6, valid=[5], negative=[2], weights="one-frame", layout="tencent",
         sampler=dict(steps=6, shift=5.0, cfg_scale=4.5),
         exposes=["guidance as pos + s (pos - neg)", "positive mask or pooled text used for the negative pass",
                  "schedule of another step count or shift", "guidance applied to latents instead of velocity"]),
]
