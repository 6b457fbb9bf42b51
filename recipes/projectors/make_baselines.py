"""Small goldens of what projectors/resampler and projectors/q-former leave out: positions and end tokens of the resampler; all gradients
of InstructBLIP's Q-Former, with an instruction for each of two images and without, and the linear layer behind it.

python make_baselines.py ../../goldens OUT

Resampler and Q-Former (transformers' own) are first held against those two goldens. OUT gets NAME.safetensors (random weights, the
`projector_config` in the metadata) and NAME.expected.safetensors (x, y, dy, dx, `grad.*` of sum(y * dy)), as the other goldens have them.
"""
import argparse
import json
import os

import torch
from modules import Resampler
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import InstructBlipQFormerConfig, InstructBlipQFormerModel

RESAMPLER = {
    "projector_type": "resampler", "encoder_hidden_size": 24, "output_hidden_size": 20, "hidden_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 28, "layer_norm_eps": 1e-06, "pos_emb": True, "num_eos_tokens": 2,
    "num_query_tokens": 5,
}
Q_FORMER = {
    "projector_type": "q-former", "encoder_hidden_size": 20, "output_hidden_size": 10, "hidden_size": 12, "num_hidden_layers": 3,
    "num_attention_heads": 2, "intermediate_size": 20, "vocab_size": 11, "max_position_embeddings": 6, "num_query_tokens": 3,
    "cross_attention_frequency": 2, "layer_norm_eps": 1e-12, "language_projection": True,
}


class QFormer(nn.Module):
    def __init__(self, config):
        super().__init__()
        known = {key: value for key, value in config.items() if not key.startswith(("projector", "output", "language", "num_query"))}
        self.qformer = InstructBlipQFormerModel(InstructBlipQFormerConfig(**known, attn_implementation="eager"))
        self.query_tokens = nn.Parameter(torch.zeros(1, config["num_query_tokens"], config["hidden_size"]))
        outputs = config.get("output_hidden_size")
        self.language_projection = nn.Linear(config["hidden_size"], outputs) if outputs else None

    def forward(self, x, instruction_ids=None):
        queries = self.query_tokens.expand(len(x), -1, -1)
        seen = self.qformer(input_ids=instruction_ids, query_embeds=queries, encoder_hidden_states=x).last_hidden_state
        y = seen[:, : queries.shape[1]]
        return y if self.language_projection is None else self.language_projection(y)


def run(module, x, dy, prefix, **given):
    x = x.clone().requires_grad_()
    y = module(x, **given)
    y.backward(dy)
    gradients = {f"grad.{prefix}{key}": value.grad for key, value in module.named_parameters() if value.grad is not None}
    return {"y": y.detach(), "dx": x.grad} | gradients


def check(folder, name, kind, prefix):
    """The module's y, dx and gradients against those of the golden; a bias of keys has none but rounding."""
    path = os.path.join(folder, "projectors", name)
    with safe_open(f"{path}.safetensors", "pt") as file:
        config = json.loads(file.metadata()["projector_config"])
    expected = load_file(f"{path}.expected.safetensors")
    module = kind(config, expected["x"].shape[1])
    module.load_state_dict({key.removeprefix(prefix): value for key, value in load_file(f"{path}.safetensors").items()})
    given = {key: value.long() for key, value in expected.items() if key == "instruction_ids"}
    found = run(module.eval(), expected["x"], expected["dy"], prefix, **given)
    compared = [key for key in expected if key in ("y", "dx") or key.startswith("grad.") and not key.endswith(("key.bias", "k_proj.bias"))]
    worst = max(((found[key] - expected[key]).abs().max() / expected[key].abs().max()).item() for key in compared)
    print(f"{name}: at most {worst:.1e} from the golden")
    assert worst < 1e-4


def write(out, name, config, module, prefix, positions, **given):
    module.eval()
    for key, value in module.named_parameters():
        is_gain = "norm" in key.lower() and key.endswith("weight")
        nn.init.normal_(value, mean=1.0 if is_gain else 0.5 if key == "reference_points" else 0.0, std=0.3)
    x = torch.randn(2, positions, config["encoder_hidden_size"])
    dy = torch.randn(2, *module(x, **given).shape[1:])
    found = run(module, x, dy, prefix, **given)
    tensors = {"x": x, "dy": dy} | found | {key: value.int() for key, value in given.items()}
    weights = {f"{prefix}{key}": value.detach().contiguous() for key, value in module.named_parameters()}
    path = os.path.join(out, name)
    save_file(weights, f"{path}.safetensors", metadata={"format": "pt", "projector_config": json.dumps(config)})
    save_file({key: value.contiguous() for key, value in tensors.items()}, f"{path}.expected.safetensors", metadata={"format": "pt"})


def main(folder, out):
    torch.set_num_threads(1)
    q_former = lambda config, _positions=None: QFormer(config)
    check(folder, "resampler", Resampler, "abstractor.")
    check(folder, "q-former", q_former, "")
    torch.manual_seed(11)
    write(out, "resampler-ends", RESAMPLER, Resampler(RESAMPLER, 9), "abstractor.", 9)
    asked = torch.tensor([[3, 10, 3, 5], [1, 2, 3, 9]])  # 0 is padding, whose embedding PyTorch does not train
    write(out, "q-former-asked", Q_FORMER, q_former(Q_FORMER), "", 5, instruction_ids=asked)
    write(out, "q-former-alone", Q_FORMER, q_former(Q_FORMER), "", 5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("out")
    args = parser.parse_args()
    main(args.goldens, args.out)
