"""Makes the lab's data: scenes with conversations to train on, and scenes with questions to ask afterwards.

python make_lab.py OUT [--train 2800] [--test 1000]

OUT/train.jsonl: one image and four rounds a line, `{image, conversations}` as LLaVA writes them; scenes of split 0 in the styles of training.
OUT/test.jsonl: `{image, question, answer, kind}`; the scenes of split 2 that `make_eval.py` writes, asked for a relation and for what is
nearest wherever there is one right answer, in turns for a place and for a count by region, and for one of the other kinds.
"""
import argparse
import io
import json
import os

import numpy as np
from PIL import Image

from spatial import ask  # first: it finds the pocket recipe

from loader import composer
from phrases import SHORT
from scenes import scene_rng

FIRST = 60_000_000  # of split 0; training and the tokenizer stay below, the teaching sample is above
ROUNDS = 4
SENTENCES = 0.15    # share of the rounds that are answered in a sentence
DESCRIBED = 0.5     # share of the conversations that begin with a description
MIX = {"naming": 2.5, "existence": 1, "place": 1.5, "relation": 2, "color": 0.6, "counting": 0.8, "words": 1, "nearest": 1, "region": 1.5}
OTHERS = ["naming", "existence", "color", "counting", "words", "describe"]


def save(image, path):
    """As PNG with a palette of 128 colours, which halves the bytes."""
    out = io.BytesIO()
    Image.fromarray(image).quantize(128, dither=Image.Dither.NONE).save(out, "PNG")
    with open(path, "wb") as f:
        f.write(out.getvalue())
    return len(out.getvalue())


def conversation(items, rng):
    """ROUNDS turns, each with whether it is answered briefly; seldom two of a kind with the same answer (Honeybee's de-duplication)."""
    kinds, share = list(MIX), np.array(list(MIX.values())) / sum(MIX.values())
    out, asked = [], set()
    if rng.random() < DESCRIBED:
        out.append((ask(items, rng, "describe"), rng.random() < 0.5))
    while len(out) < ROUNDS:
        turn = ask(items, rng, kinds[rng.choice(len(kinds), p=share)])
        if turn is None or (turn.kind, turn.short) in asked and rng.random() < 0.9:
            continue
        asked.add((turn.kind, turn.short))
        out.append((turn, rng.random() >= SENTENCES))
    return out


def taught(name, turns):
    said = []
    for n, (turn, brief) in enumerate(turns):
        question = turn.question + ("\n" + SHORT if brief else "")
        said.append({"from": "human", "value": ("" if n else "<image>\n") + question})
        said.append({"from": "gpt", "value": turn.short if brief else turn.sentence})
    return {"image": name, "conversations": said}


def tested(name, items, rng, number):
    kinds = [("place", "region")[number % 2], "relation", "nearest", OTHERS[number // 2 % len(OTHERS)]]
    turns = [(kind, ask(items, rng, kind)) for kind in kinds]
    return [{"image": name, "question": turn.question + "\n" + SHORT, "answer": turn.short, "kind": kind}
            for kind, turn in turns if turn]


def make(out, part, count, bank, split, first, lines_of):
    os.makedirs(os.path.join(out, part), exist_ok=True)
    size, lines = 0, 0
    with open(os.path.join(out, f"{part}.jsonl"), "w") as f:
        for i in range(count):
            rng = scene_rng(split, first + i)
            image, items = composer(bank).scene(rng)
            name = f"{part}/{i:04}.png"
            size += save(image, os.path.join(out, name))
            for line in lines_of(name, items, rng, i):
                f.write(json.dumps(line) + "\n")
                lines += 1
    print(f"{part}: {count} scenes, {lines} lines, {size / 1e6:.1f} MB of images")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out")
    args.add_argument("--train", type=int, default=2800)
    args.add_argument("--test", type=int, default=1000)
    args = args.parse_args()
    make(args.out, "train", args.train, "train", 0, FIRST, lambda name, items, rng, _: [taught(name, conversation(items, rng))])
    make(args.out, "test", args.test, "test", 2, 0, tested)


if __name__ == "__main__":
    main()
