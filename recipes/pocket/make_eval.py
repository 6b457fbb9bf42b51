"""Writes evaluation sets: PNG scenes and eval.jsonl with {image, question, answer, kind}.

python make_eval.py OUT [--count 1000] [--bank test|twemoji] [--split 2] [--prefix scene]
Every scene is asked one short question of every kind that applies to it.  `--append` adds to eval.jsonl.
"""
import argparse
import json
import os

from PIL import Image

from evaluate import ASKED
from loader import composer
from phrases import SHORT
from questions import ask
from scenes import scene_rng


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out")
    args.add_argument("--count", type=int, default=1000)
    args.add_argument("--bank", default="test")
    args.add_argument("--split", type=int, default=2)
    args.add_argument("--prefix", default="scene")
    args.add_argument("--colors", type=int, default=0, help="a PNG palette of so many colours; 0: exact")
    args.add_argument("--append", action="store_true")
    args = args.parse_args()
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "eval.jsonl"), "a" if args.append else "w") as f:
        for i in range(args.count):
            rng = scene_rng(args.split, i)
            image, items = composer(args.bank).scene(rng)
            name = f"{args.prefix}{i:03}.png"
            png = Image.fromarray(image)
            if args.colors:
                png = png.quantize(args.colors, dither=Image.Dither.NONE)
            png.save(os.path.join(args.out, name), optimize=True)
            for kind in ASKED:
                turn = ask(items, rng, kind)
                if turn is None:  # the same draws as evaluate.py
                    ask(items, rng, "naming")
                    continue
                f.write(json.dumps({"image": name, "question": turn.question + "\n" + SHORT, "answer": turn.short,
                                    "kind": kind}) + "\n")


if __name__ == "__main__":
    main()
