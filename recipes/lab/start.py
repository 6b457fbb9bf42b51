"""Writes the file that a training of the lab starts from: a projector that has learned nothing, under its official names.

python start.py TYPE SEED FILE.safetensors      TYPE: c-abs-16, c-abs-36, d-abs-16, resampler-16, linear, mlp

Biases are 0, norms 1.  The C- and the D-Abstractor begin at N(0, 0.02) as Honeybee's do, the others uniform within ±1/√inputs as PyTorch's
layers do.  The last layer of those two that end in a norm begins at N(0, 0.5); README.md says why.
"""
import json
import sys

import numpy as np
from safetensors.numpy import save_file

FEATURES, PATCHES, WIDTH, OUT = 192, 64, 192, 256  # of the pocket model, and inside the abstractors


def linear(name, inputs, outputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name, width=WIDTH):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def c_abs(tokens):
    shapes, reduced = {"pos_emb": (1, PATCHES, FEATURES)}, FEATURES // 4
    for part in ("net.0.b1", "net.2.b1"):
        for k, shape in ((1, (WIDTH, WIDTH, 1, 1)), (2, (WIDTH, 1, 3, 3)), (3, (WIDTH, WIDTH, 1, 1))):
            shapes |= {f"{part}.conv{k}.conv.weight": shape} | norm(f"{part}.conv{k}.bn")
        shapes |= {f"{part}.se.fc1.weight": (reduced, WIDTH, 1, 1), f"{part}.se.fc1.bias": (reduced,),
                   f"{part}.se.fc2.weight": (WIDTH, reduced, 1, 1), f"{part}.se.fc2.bias": (WIDTH,)}
    shapes |= linear("readout.0", WIDTH, OUT)
    return shapes, dict(projector_type="c-abs", num_query_tokens=tokens, hidden_size=WIDTH, depth=1, mlp_depth=1, pos_emb=True,
                        prenorm=False, num_eos_tokens=0)


def d_abs(tokens, layers=2, heads=8, points=4, ffn=2 * WIDTH):
    shapes = {"query_position_embeddings.weight": (tokens, WIDTH), "reference_points": (1, tokens, 2), "v_pos_emb": (1, PATCHES, WIDTH)}
    for i in range(layers):
        at = f"layers.{i}"
        for name in "qkv":
            shapes |= linear(f"{at}.self_attn.{name}_proj", WIDTH, WIDTH)
        shapes |= linear(f"{at}.self_attn.out_proj", WIDTH, WIDTH) | norm(f"{at}.self_attn_layer_norm")
        shapes |= linear(f"{at}.encoder_attn.sampling_offsets", WIDTH, 2 * heads * points)
        shapes |= linear(f"{at}.encoder_attn.attention_weights", WIDTH, heads * points)
        shapes |= linear(f"{at}.encoder_attn.value_proj", WIDTH, WIDTH) | linear(f"{at}.encoder_attn.output_proj", WIDTH, WIDTH)
        shapes |= norm(f"{at}.encoder_attn_layer_norm") | linear(f"{at}.fc1", WIDTH, ffn) | linear(f"{at}.fc2", ffn, WIDTH)
        shapes |= norm(f"{at}.final_layer_norm")
    shapes |= linear("output_proj", WIDTH, OUT)
    return shapes, dict(projector_type="d-abs", num_query_tokens=tokens, d_model=WIDTH, decoder_layers=layers, decoder_attention_heads=heads,
                        decoder_n_points=points, decoder_ffn_dim=ffn, num_feature_levels=1, pos_emb=True, manual_init_refPoints=True,
                        learnable_mRP=True, pooled_v_target="query", num_eos_tokens=0)


def resampler(tokens, layers=2, heads=4, ffn=2 * WIDTH):
    shapes = {"query_tokens": (1, tokens, WIDTH)} | linear("visual_input_fc", FEATURES, WIDTH)
    for i in range(layers):
        at = f"encoder.layers.{i}.crossattention"
        for name in ("query", "key", "value"):
            shapes |= linear(f"{at}.attention.{name}", WIDTH, WIDTH)
        shapes |= norm(f"{at}.norm1") | norm(f"{at}.normk") | linear(f"{at}.output.out_proj", WIDTH, WIDTH) | norm(f"{at}.output.norm2")
        shapes |= linear(f"{at}.output.mlp.w1", WIDTH, ffn) | linear(f"{at}.output.mlp.w3", WIDTH, ffn)
        shapes |= linear(f"{at}.output.mlp.w2", ffn, WIDTH) | norm(f"{at}.output.mlp.ffn_ln", ffn)
    shapes |= linear("visual_output_fc", WIDTH, OUT)
    return shapes, dict(projector_type="resampler", num_query_tokens=tokens, hidden_size=WIDTH, num_hidden_layers=layers,
                        num_attention_heads=heads, intermediate_size=ffn, layer_norm_eps=1e-6, pos_emb=False, num_eos_tokens=0)


def mlp(depth):
    shapes = {}
    for k in range(depth):
        shapes |= linear(f"net.{2 * k}", OUT if k else FEATURES, OUT)
    return shapes, dict(projector_type="mlp", depth=depth, hidden_act="silu")


TYPES = {"c-abs-16": lambda: c_abs(16), "c-abs-36": lambda: c_abs(36), "d-abs-16": lambda: d_abs(16),
         "resampler-16": lambda: resampler(16), "linear": lambda: mlp(1), "mlp": lambda: mlp(2)}
LARGE = {"output_proj.weight", "visual_output_fc.weight"}
NORMS = ("bn.", "norm1.", "normk.", "norm2.", "ffn_ln.", "layer_norm.")


def begin(name, shape, uniform, rng):
    if name == "reference_points":
        side = int(shape[1] ** 0.5)
        at = (np.arange(side) + 0.5) / side
        return np.stack([np.tile(at, side), np.repeat(at, side)], -1)[None]
    if name.endswith("bias"):
        return np.zeros(shape)
    if any(f"{n}weight" in name for n in NORMS):
        return np.ones(shape)
    if name in LARGE:
        return rng.normal(0, 0.5, shape)
    if uniform and len(shape) == 2:
        return rng.uniform(-1, 1, shape) / shape[1] ** 0.5
    return rng.normal(0, 0.02, shape)


def main():
    kind, seed, path = sys.argv[1:]
    shapes, config = TYPES[kind]()
    rng = np.random.default_rng([int(seed), 4])
    uniform = config["projector_type"] in ("mlp", "resampler")
    tensors = {f"abstractor.{name}": begin(name, shape, uniform, rng).astype(np.float32) for name, shape in shapes.items()}
    save_file(tensors, path, {"format": "pt", "projector_config": json.dumps(config)})


if __name__ == "__main__":
    main()
