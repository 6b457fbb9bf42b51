"""Ten steps of AdamW on a fresh C- and D-Abstractor in PyTorch, between the encoder and the frozen decoder of a tiny llava golden.

python make_training.py ../../goldens OUT

First the modules are held against the goldens of Honeybee's own code (y, dx and all gradients). Then, for each abstractor, OUT gets
training-NAME.safetensors (the initial weights, `projector_config` in its metadata), training-NAME.expected.safetensors (`trained.*`
after ten steps) and training-NAME.json (settings and losses). Images, conversations, loss and AdamW are those of the
golden's own training; only the projector differs, and with it how many rows an image takes.
"""
import argparse
import json
import os

import torch
import torch.nn.functional as F
from modules import CAbstractor, DAbstractor
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import LlavaForConditionalGeneration

BASE = "llava-clip-llama"
KINDS = {"c-abs": CAbstractor, "d-abs": DAbstractor}
SETTINGS = {"optimizer": "AdamW", "lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-08, "weight_decay": 0.01, "steps": 10}
ENDS = {"encoder_hidden_size": 48, "output_hidden_size": 64}
CONFIGS = {
    "c-abs": ENDS | {
        "projector_type": "c-abs", "hidden_size": 32, "num_query_tokens": 4, "depth": 1, "mlp_depth": 2,
        "pos_emb": True, "prenorm": False, "num_eos_tokens": 1, "initializer_range": 0.02,
    },
    "d-abs": ENDS | {
        "projector_type": "d-abs", "d_model": 32, "num_query_tokens": 4, "num_queries": 4, "decoder_layers": 2,
        "decoder_attention_heads": 4, "decoder_n_points": 4, "decoder_ffn_dim": 48, "num_feature_levels": 1, "pos_emb": True,
        "manual_init_refPoints": True, "learnable_mRP": True, "pooled_v_target": "query", "num_eos_tokens": 0,
        "initializer_range": 0.02,
    },
}


def apart(found, wanted):
    return (found - wanted).abs().max().item() / wanted.abs().max().item()


def adrift(name):
    """A bias of keys moves all scores of a row alike: its gradient is rounding, which AdamW makes whole steps of."""
    return name.endswith("k_proj.bias")


def check(folder, name):
    """The module's y, dx and gradients against those of Honeybee's own code."""
    path = os.path.join(folder, "projectors", name)
    with safe_open(f"{path}.safetensors", "pt") as file:
        config = json.loads(file.metadata()["projector_config"])
    expected = load_file(f"{path}.expected.safetensors")
    module = KINDS[config["projector_type"]](config, expected["x"].shape[1])
    module.load_state_dict({key.removeprefix("abstractor."): value for key, value in load_file(f"{path}.safetensors").items()})
    x = expected["x"].requires_grad_()
    y = module(x)
    y.backward(expected["dy"])
    found = {"y": y, "dx": x.grad} | {f"grad.abstractor.{key}": value.grad for key, value in module.named_parameters()}
    worst = max(apart(found[key].detach(), expected[key]) for key in expected if key not in ("x", "dy") and not adrift(key))
    print(f"{name}: at most {worst:.1e} from Honeybee's own code")
    assert worst < 1e-4 and len(found) == len(expected) - 2


def begin(module, seed):
    """As Honeybee's post_init leaves it; norms and the grid of reference points stay."""
    torch.manual_seed(seed)
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.Embedding)):
            nn.init.normal_(part.weight, std=0.02)
            if getattr(part, "bias", None) is not None:
                nn.init.zeros_(part.bias)
    for name, value in module.named_parameters():
        if name in ("pos_emb", "v_pos_emb", "eos_tokens"):
            nn.init.normal_(value, std=0.02)


def lessons(cases, image, count):
    """Ids [B, T] with `count` image tokens, and labels, right padded."""
    rows = []
    for case in cases:
        at = case["input_ids"].index(image)
        prompt = [id for id in case["input_ids"] if id != image]
        prompt[at:at] = [image] * count
        rows.append((prompt + case["answer_ids"], [-100] * len(prompt) + case["answer_ids"]))
    length = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in rows])
    labels = torch.tensor([labels + [-100] * (length - len(labels)) for _, labels in rows])
    return ids, labels


def train(folder, name, dtype):
    base = os.path.join(folder, BASE)
    cases = json.load(open(os.path.join(base, "expected.json")))["cases"]
    expected = load_file(os.path.join(base, "expected.safetensors"))
    features = torch.cat([expected[f"case{i}.features"].view(1, -1, 48) for i in range(len(cases))]).to(dtype)
    model = LlavaForConditionalGeneration.from_pretrained(base, dtype=dtype, attn_implementation="eager").eval()
    model.requires_grad_(False)
    module = KINDS[name](CONFIGS[name], features.shape[1])
    begin(module, 7)
    initial = {key: value.detach().clone() for key, value in module.named_parameters()}
    module.to(dtype)
    image = model.config.image_token_id
    ids, labels = lessons(cases, image, module(features).shape[1])
    options = {key: SETTINGS[key] for key in ("lr", "betas", "eps", "weight_decay")}
    optimizer = torch.optim.AdamW(module.parameters(), **options)
    losses = []
    for _ in range(SETTINGS["steps"]):
        embedded = model.get_input_embeddings()(ids)
        embedded[ids == image] = module(features).flatten(0, 1)
        hidden = model.model.language_model(inputs_embeds=embedded).last_hidden_state
        logits = model.lm_head(hidden)
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    return initial, {key: value.detach() for key, value in module.named_parameters()}, losses


def main(folder, out):
    torch.set_num_threads(1)
    for name in ("c-abs", "c-abs-up", "d-abs"):
        check(folder, name)
    for name, config in CONFIGS.items():
        initial, trained, losses = train(folder, name, torch.float32)
        _, exact, exactly = train(folder, name, torch.float64)
        named = {key: apart(trained[key], exact[key].float()) for key in trained if not adrift(key)}
        far = sorted(named, key=named.get, reverse=True)[:6]
        print(f"{name}: losses {losses[0]:.6f} to {losses[-1]:.6f}, from those in f64 at most",
              f"{max(abs(a / b - 1) for a, b in zip(losses, exactly)):.1e}; trained weights furthest from those in f64:",
              ", ".join(f"{key} {named[key]:.1e}" for key in far))
        path = os.path.join(out, f"training-{name}")
        official = lambda tensors, prefix="": {f"{prefix}abstractor.{key}": value.contiguous() for key, value in tensors.items()}
        save_file(official(initial), f"{path}.safetensors", metadata={"format": "pt", "projector_config": json.dumps(config)})
        save_file(official(trained, "trained."), f"{path}.expected.safetensors", metadata={"format": "pt"})
        with open(f"{path}.json", "w") as file:
            json.dump(SETTINGS | {"base": BASE, "batch": "both cases, right padded", "loss": "mean cross-entropy over answer_ids",
                                  "losses": losses}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("out")
    args = parser.parse_args()
    main(args.goldens, args.out)
