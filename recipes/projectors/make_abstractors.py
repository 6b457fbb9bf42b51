"""Small goldens of what projectors/c-abs and projectors/c-abs-up leave out: a norm before everything, end tokens and widths that are no
multiples of 4; and a C-Abstractor without blocks, which only pools.

python make_abstractors.py ../../goldens OUT

The module is first held against those two goldens. OUT gets NAME.safetensors (random weights, the `projector_config` in the metadata) and
NAME.expected.safetensors (x, y, dy, dx, `grad.*` of sum(y * dy)), as the other goldens have them.
"""
import argparse

import torch
from make_baselines import check, write
from modules import CAbstractor

ENDS = {
    "projector_type": "c-abs", "encoder_hidden_size": 10, "output_hidden_size": 12, "hidden_size": 14, "depth": 1, "mlp_depth": 2,
    "pos_emb": True, "prenorm": True, "num_eos_tokens": 2, "num_query_tokens": 4,
}
POOLED = {
    "projector_type": "c-abs", "encoder_hidden_size": 12, "output_hidden_size": 8, "hidden_size": 16, "depth": 0, "mlp_depth": 1,
    "pos_emb": False, "prenorm": False, "num_eos_tokens": 0, "num_query_tokens": 9,
}


def main(folder, out):
    torch.set_num_threads(1)
    for name in ("c-abs", "c-abs-up"):
        check(folder, name, CAbstractor, "abstractor.")
    torch.manual_seed(12)
    write(out, "c-abs-ends", ENDS, CAbstractor(ENDS, 9), "abstractor.", 9)
    write(out, "c-abs-pooled", POOLED, CAbstractor(POOLED, 16), "abstractor.", 16)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("out")
    args = parser.parse_args()
    main(args.goldens, args.out)
