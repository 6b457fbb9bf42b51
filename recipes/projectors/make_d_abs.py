"""Small goldens of what projectors/d-abs leaves out: features pooled into the content of the queries, with projected features and end tokens;
no pooling, no positions and no projection at either end; two feature levels, and heads whose width is no multiple of 4.

python make_d_abs.py ../../goldens OUT

The module is first held against that golden. OUT gets NAME.safetensors (random weights, the `projector_config` in the metadata) and
NAME.expected.safetensors (x, y, dy, dx, `grad.*` of sum(y * dy)), as the other goldens have them.
"""
import argparse

import torch
from make_baselines import check, write
from modules import DAbstractor

SHARED = {"projector_type": "d-abs", "manual_init_refPoints": True, "learnable_mRP": True, "decoder_layers": 2, "decoder_ffn_dim": 20}
TGT = SHARED | {
    "encoder_hidden_size": 12, "d_model": 16, "output_hidden_size": 10, "num_query_tokens": 9, "decoder_attention_heads": 2,
    "decoder_n_points": 3, "num_feature_levels": 1, "pos_emb": True, "pooled_v_target": "tgt", "num_eos_tokens": 2,
}
NONE = SHARED | {
    "encoder_hidden_size": 12, "d_model": 12, "output_hidden_size": 12, "num_query_tokens": 4, "decoder_attention_heads": 3,
    "decoder_n_points": 2, "num_feature_levels": 1, "pos_emb": False, "pooled_v_target": "none", "num_eos_tokens": 0,
}
LEVELS = SHARED | {
    "encoder_hidden_size": 10, "d_model": 12, "output_hidden_size": 14, "num_query_tokens": 4, "decoder_attention_heads": 2,
    "decoder_n_points": 4, "num_feature_levels": 2, "pos_emb": True, "pooled_v_target": "none", "num_eos_tokens": 1,
}


def main(folder, out):
    torch.set_num_threads(1)
    check(folder, "d-abs", DAbstractor, "abstractor.")
    torch.manual_seed(13)
    for name, config, positions in (("tgt", TGT, 16), ("none", NONE, 25), ("levels", LEVELS, 9)):
        features = positions * config["num_feature_levels"]
        write(out, f"d-abs-{name}", config, DAbstractor(config, positions), "abstractor.", features)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("out")
    args = parser.parse_args()
    main(args.goldens, args.out)
