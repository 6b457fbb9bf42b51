"""Exact match of the short answer (greedy) per kind of question, on scenes never trained on.

python evaluate.py [--count 1000] [--split 2] [--modes f32,q4,...]   all modes: see MODES; q4 is simulated

One pass with the right answer fed in tells it: greedy decoding gives exactly that answer if and only if every
one of its tokens (and the end) is the likeliest after those before it.
"""
import argparse
import json
import time

import torch

import loader
import model as M
import world
from packing import block, pack, tokenizer
from quantize import quantized
from questions import KINDS, ask
from scenes import scene_rng

ASKED = [k for k in KINDS if k != "smalltalk"]


def eval_batch(number, size, split, bank, short=True):
    images, blocks, kinds = [], [], []
    for i in range(number * size, (number + 1) * size):
        rng = scene_rng(split, i)
        image, items = loader.composer(bank).scene(rng)
        images.append(image)
        for kind in ASKED:
            turn = ask(items, rng, kind)
            if turn is None:  # no such question about this scene: ask something else, uncounted
                turn, kind = ask(items, rng, "naming"), None
            blocks.append(block([turn], [short], Plain))
            kinds.append(kind)
    return loader.to_pixels(images), pack([blocks], size), kinds


MODES = {"f32": {}, "q4": dict(q4=True), "twemoji-f32": dict(bank="twemoji"), "twemoji-q4": dict(bank="twemoji", q4=True),
         "sentences-f32": dict(short=False)}


class Plain:
    """Stands in for the random generator of block(): questions exactly as written."""
    @staticmethod
    def random():
        return 0.5


def load(state, q4=False):
    pocket = M.Pocket(tokenizer().get_vocab_size())
    if q4:
        state = {k: quantized(k, v) for k, v in state.items()}
    pocket.load_state_dict(state)
    return pocket.eval()


@torch.no_grad()
def score(state, split, count, bank="test", q4=False, short=True):
    kept = M.rms, M.rope, M.gated, M.ACT
    M.rms, M.rope, M.gated, M.ACT = M._rms, M._rope, M._gated, torch.float32
    pocket = load(state, q4)
    right, asked = {}, {}
    for n in range(count // 50):
        pixels, plan, kinds = eval_batch(n, 50, split, bank, short)
        hidden, table = pocket(pixels, plan)[-2:]
        good = pocket.logits(hidden[plan.at], table).argmax(-1) == plan.target
        wrong = torch.zeros(len(kinds)).index_add_(0, plan.turn, (~good).float())
        for kind, w in zip(kinds, wrong.tolist()):
            if kind:
                asked[kind] = asked.get(kind, 0) + 1
                right[kind] = right.get(kind, 0) + (w == 0)
    M.rms, M.rope, M.gated, M.ACT = kept
    return {k: round(100 * right[k] / asked[k], 1) for k in asked}


if __name__ == "__main__":
    args = argparse.ArgumentParser()
    args.add_argument("--count", type=int, default=1000)
    args.add_argument("--split", type=int, default=2)
    args.add_argument("--checkpoint", default=world.work_path("model.pt"))
    args.add_argument("--modes", default=",".join(MODES))
    args = args.parse_args()
    state = torch.load(args.checkpoint, weights_only=False)["ema"]
    for mode in args.modes.split(","):
        start = time.time()
        print(mode, json.dumps(score(state, args.split, args.count, **MODES[mode])), f"{time.time() - start:.0f}s", flush=True)
