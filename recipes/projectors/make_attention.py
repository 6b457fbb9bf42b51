"""Where a tiny llava golden and two projectors look, by PyTorch.

python make_attention.py ../../goldens OUT

OUT gets expected.safetensors: `case{i}.attention` [tokens, layers, heads, visual tokens], what transformers' eager attention of the row
before each greedy token gave the visual tokens; `resampler.attention` [layers, queries, heads, features] and, of the D-Abstractor,
`points.locations` [queries, layers, heads, points, 2] and `points.weights`, on the features of case 0. The weights of those two, random
and large enough that they look about, are resampler.safetensors and d-abs.safetensors (`projector_config` in the metadata).
"""
import argparse
import json
import os

import torch
from modules import DAbstractor, Resampler, heads_of
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import LlavaForConditionalGeneration

BASE = "llava-clip-llama"
ENDS = {"encoder_hidden_size": 48, "output_hidden_size": 64, "initializer_range": 0.02}
CONFIGS = {
    "resampler": ENDS | {
        "projector_type": "resampler", "hidden_size": 24, "num_query_tokens": 4, "num_hidden_layers": 2,
        "num_attention_heads": 3, "intermediate_size": 20, "layer_norm_eps": 1e-6, "pos_emb": True, "num_eos_tokens": 1,
    },
    "d-abs": ENDS | {
        "projector_type": "d-abs", "d_model": 16, "num_query_tokens": 4, "num_queries": 4, "decoder_layers": 2,
        "decoder_attention_heads": 2, "decoder_n_points": 3, "decoder_ffn_dim": 20, "num_feature_levels": 1, "pos_emb": True,
        "manual_init_refPoints": True, "learnable_mRP": True, "pooled_v_target": "query", "num_eos_tokens": 1,
    },
}


def decoder_attention(folder, expected):
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    for i, case in enumerate(json.load(open(os.path.join(folder, "expected.json")))["cases"]):
        ids = torch.tensor([case["input_ids"] + case["greedy_ids"]])
        image = ids[0] == model.config.image_token_id
        with torch.no_grad():
            embedded = model.get_input_embeddings()(ids)
            embedded[0, image] = expected[f"case{i}.visual_tokens"].view(-1, embedded.shape[-1])
            seen = model.model.language_model(inputs_embeds=embedded, output_attentions=True).attentions
        rows = slice(len(case["input_ids"]) - 1, ids.shape[1] - 1)
        whole = torch.stack([layer[0, :, rows].transpose(0, 1) for layer in seen], 1)
        yield f"case{i}.attention", whole[..., image].contiguous()


def random(module, seed):
    torch.manual_seed(seed)
    for name, value in module.named_parameters():
        if "norm" not in name and "_ln" not in name and name != "reference_points":
            nn.init.normal_(value, std=0.06 if "encoder_attn." in name else 0.4)


def resampler_attention(module, features):
    """Per layer [queries, heads, features]."""
    seen = []
    for layer in module.encoder.layers:
        for name in ("query", "key"):
            hook = lambda _, __, y: seen.append(heads_of(y, layer.heads)[0])
            getattr(layer.crossattention.attention, name).register_forward_hook(hook)
    module(features)
    for q, k in zip(seen[::2], seen[1::2]):
        weights = (q @ k.transpose(1, 2) / q.shape[2] ** 0.5).softmax(2)
        yield weights.transpose(0, 1)[:, :, -features.shape[1]:]


def sampled(module, features):
    side = features.shape[1] ** 0.5
    found = []
    for layer in module.layers:
        part = layer.encoder_attn
        def hook(_, inputs, __, part=part):
            z, _, reference = inputs
            shape = (z.shape[1], part.heads, part.levels * part.points)
            offsets = part.sampling_offsets(z).view(*shape, 2) / side
            weights = part.attention_weights(z).view(shape).softmax(-1)
            found.append((reference.view(-1, 1, 1, 2) + offsets, weights))
        part.register_forward_hook(hook)
    module(features)
    return (torch.stack(parts, 1) for parts in zip(*found))


def main(folder, out):
    torch.set_num_threads(1)
    os.makedirs(out, exist_ok=True)
    base = os.path.join(folder, BASE)
    expected = load_file(os.path.join(base, "expected.safetensors"))
    features = expected["case0.features"].view(1, -1, 48)
    found = dict(decoder_attention(base, expected))
    kinds = {"resampler": Resampler, "d-abs": DAbstractor}
    modules = {name: kind(CONFIGS[name], features.shape[1]) for name, kind in kinds.items()}
    with torch.no_grad():
        for seed, (name, module) in enumerate(modules.items()):
            random(module, seed)
            tensors = {f"abstractor.{key}": value.contiguous() for key, value in module.named_parameters()}
            metadata = {"format": "pt", "projector_config": json.dumps(CONFIGS[name])}
            save_file(tensors, os.path.join(out, f"{name}.safetensors"), metadata=metadata)
        found["resampler.attention"] = torch.stack(list(resampler_attention(modules["resampler"], features)))
        found["points.locations"], found["points.weights"] = sampled(modules["d-abs"], features)
    for name, value in found.items():
        print(name, list(value.shape), f"{value.min():.4f} to {value.max():.4f}")
    save_file({name: value.contiguous() for name, value in found.items()}, os.path.join(out, "expected.safetensors"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("out")
    args = parser.parse_args()
    main(args.goldens, args.out)
