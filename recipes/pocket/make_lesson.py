"""Writes a teaching sample: scenes in the never-seen Twemoji style and some in the styles of training, with conversations
about them, so that a projector trained on it learns the new style and keeps the old ones.

python make_lesson.py [OUT=../../public/samples/twemoji] [--scale 1]   PNGs and lesson.jsonl; --scale 3: thrice the scenes

One line is one image and one conversation: {image, conversations: [{from: human|gpt, value}, ...], kind: twemoji|styles}.
A conversation either names every item of its scene or asks other things, counting and description first.  Scenes are of
split 0 and sprites of banks of their own (lesson, train): no scene and no sprite of the evaluation sets is among them.
"""
import argparse
import copy
import io
import json
import os

import numpy as np
from PIL import Image

import world
from loader import composer
from phrases import NAMING, SHORT
from questions import Asker, ask
from scenes import N_SHAPES, N_THINGS, N_WORDS, RGB, SHAPE, THING, WORD, Composer, scene_rng
from wording import a, fill, noun

HERE = os.path.dirname(os.path.abspath(__file__))
COLORS = 32        # of a PNG's palette: half the bytes of 160
BACKGROUND = 2500  # bytes: backgrounds that need more as PNG are left out
FIRST = 80_000_000  # of split 0; training and the tokenizer stay below
# kind, bank, layout, scenes, share of the scenes with a second line that asks other things
PARTS = [("twemoji", "lesson", "nine", 440, 0), ("twemoji", "lesson", "four", 250, 0.25),
         ("twemoji", "lesson", "world", 70, 0.25), ("styles", "train", "four", 90, 1), ("styles", "train", "world", 150, 1)]


def png(image):
    out = io.BytesIO()
    Image.fromarray(image).quantize(COLORS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


class Crowded(Composer):
    """Four items, or seven to nine small ones; every thing is shown before one is shown again."""

    def __init__(self, base, nine):
        self.__dict__.update(base.__dict__)
        self.nine, self.queue = nine, []

    def layout(self, rng):
        if self.nine:
            at, reach, jitter = (22, 64, 106), (28, 44), 3
            cells = [(place, at[col], at[row]) for (row, col), place in world.PLACES.items()]
            n = int(rng.integers(7, 10))
        else:
            at, reach, jitter, n = (32, 96), (34, 64), 9, 4
            cells = [(f"{v} {h}", x, y) for v, y in zip(("top", "bottom"), at) for h, x in zip(("left", "right"), at)]
        return [cells[i] for i in rng.permutation(len(cells))[:n]], reach, jitter

    def choose(self, n, small, rng):
        color = lambda: int(rng.integers(len(RGB)))
        out = []
        for i in range(n):
            if i == 0 and not small and rng.random() < 0.4:
                out.append((WORD, int(rng.integers(N_WORDS)), color()))
            elif rng.random() < 0.12:
                out.append((SHAPE, int(rng.integers(N_SHAPES)), color()))
            else:
                self.queue = self.queue or rng.permutation(N_THINGS).tolist()
                out.append((THING, self.queue.pop(), -1))
        return [out[i] for i in rng.permutation(n)]


def composers(bank):
    """By layout; all on the backgrounds that make small files."""
    base = copy.copy(composer(bank))
    base.backgrounds = [b for b in base.backgrounds if len(png(b)) < BACKGROUND]
    return {"nine": Crowded(base, True), "four": Crowded(base, False), "world": base}


def naming(items, rng):
    """Every item once, in any order; now and then a place where nothing is."""
    asker, places = Asker(items, rng), {i.place: i for i in items}
    empty = [p for p in world.AT if p not in places]
    asked = list(places)
    if len(items) < 7 and rng.random() < 0.3:
        asked.append(asker.one(empty))
    turns = []
    for place in (asked[k] for k in rng.permutation(len(asked))):
        question = fill(asker.one(NAMING), place=(world.AT[place], None), bare=(place, None))[0]
        item = places.get(place)
        answer = "nothing" if item is None else a(noun(item)) if item.kind == WORD else noun(item)
        turns.append((question, answer))
    return turns


def others(items, rng):
    """Counting or description before anything tells their answer, then two or three more kinds."""
    first = rng.permutation(["counting", "describe"])[:rng.integers(1, 3)].tolist()
    rest = rng.permutation(["existence", "place", "relation", "color", "words"]).tolist()
    turns = [ask(items, rng, kind) for kind in (first + rest)[:4]]
    return [(t.question, t.short) for t in turns if t]


def line(name, kind, turns):
    said = []
    for n, (question, answer) in enumerate(turns):
        said.append({"from": "human", "value": ("" if n else "<image>\n") + question + "\n" + SHORT})
        said.append({"from": "gpt", "value": answer})
    return json.dumps({"image": name, "conversations": said, "kind": kind})


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out", nargs="?", default=os.path.join(HERE, "../../public/samples/twemoji"))
    args.add_argument("--scale", type=float, default=1)
    args = args.parse_args()
    os.makedirs(args.out, exist_ok=True)
    made = {bank: composers(bank) for bank in ("lesson", "train")}
    plan = [part for part in PARTS for _ in range(round(part[3] * args.scale))]
    lines, size = [], 0
    # Shuffled, so that the first few hundred lines are a fair sample of all.
    for number, k in enumerate(np.random.default_rng(1).permutation(len(plan))):
        kind, bank, layout, _, more = plan[k]
        rng = scene_rng(0, FIRST + number)
        image, items = made[bank][layout].scene(rng)
        name, data = f"{kind}{number:04}.png", png(image)
        with open(os.path.join(args.out, name), "wb") as f:
            f.write(data)
        size += len(data)
        lines.append(line(name, kind, naming(items, rng)))
        if rng.random() < more:
            lines.append(line(name, kind, others(items, rng)))
    text = "\n".join(lines) + "\n"
    with open(os.path.join(args.out, "lesson.jsonl"), "w") as f:
        f.write(text)
    print(f"{len(plan)} scenes, {len(lines)} lines, {size / 1e6:.2f} MB of PNG, {len(text) / 1e6:.2f} MB of JSONL")


if __name__ == "__main__":
    main()
