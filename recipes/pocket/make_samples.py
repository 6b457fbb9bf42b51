"""Six sample scenes of the same world at 512 x 512, from the large art, with questions the model answers rightly.

python make_samples.py [OUT=../../public/samples] [MODEL=../../public/models/pocket]
"""
import json
import os
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import world
from wording import names
from sprites import FONTS, shape_points

SIDE = 512
# background (top and bottom colour), then items: (what, style or colour, centre x, centre y, size, turn)
SAMPLES = [
    ("garden", ("#cfeeff", "#7ecb8f"), "A cat, a sunflower, a bee and a red circle on a green meadow", [
        ("cat", "fluent3d", 132, 380, 210, -4), ("sunflower", "fluent3d", 384, 376, 220, 5),
        ("bee", "fluent3d", 378, 130, 170, -12), ("red circle", None, 130, 128, 150, 0)],
     [("What is to the right of the cat?", "sunflower"), ("Where is the bee?", "top right"),
      ("What color is the circle?", "red")]),
    ("snack", ("#ffe9c9", "#ffc38a"), "A pizza, a banana, a donut and the word menu", [
        ("pizza", "fluent3d", 130, 132, 200, 8), ("banana", "fluent3d", 384, 128, 190, -10),
        ("menu", "#5b2a86", 134, 384, 220, -4), ("donut", "fluent3d", 384, 384, 190, 0)],
     [("What does the text say?", "menu"), ("What is above the donut?", "banana"), ("Is there a pizza?", "yes")]),
    ("night", ("#3b4a8f", "#8f7cc9"), "A ghost, a moon and a robot at night", [
        ("ghost", "fluent3d", 130, 132, 190, 0), ("moon", "fluent3d", 388, 126, 160, 0),
        ("robot", "fluent3d", 384, 384, 190, -5)],
     [("Where is the ghost?", "top left"), ("What is below the moon?", "robot"), ("Is there a dog?", "no")]),
    ("shapes", ("#f7f3ea", "#e4dcc8"), "A blue star, a green square, an orange heart and a purple triangle", [
        ("blue star", None, 130, 130, 190, 6), ("green square", None, 384, 130, 160, -8),
        ("orange heart", None, 130, 384, 180, 0), ("purple triangle", None, 384, 384, 190, 0)],
     [("What color is the star?", "blue"), ("Where is the triangle?", "bottom right"),
      ("What is below the star?", "orange heart")]),
    ("beagle", ("#fff4b8", "#ffd75e"), "A bee and an eagle side by side", [
        ("bee", "fluent3d", 130, 256, 210, 6), ("eagle", "fluent3d", 384, 256, 230, 0)],
     [("What is to the left of the eagle?", "bee"), ("How many things are there?", "two"), ("Is there a bee?", "yes")]),
    ("music", ("#ffd9e6", "#c9b8ff"), "A guitar, a drum, a parrot and the word jazz", [
        ("jazz", "#0f5fa8", 132, 130, 220, 5), ("parrot", "fluent3d", 386, 130, 190, 0),
        ("guitar", "fluent3d", 130, 384, 220, 0), ("drum", "fluent3d", 384, 388, 190, 0)],
     [("What word is written?", "jazz"), ("What is to the left of the drum?", "guitar"), ("What is above the drum?", "parrot")]),
]


def gradient(top, bottom):
    a, b = (np.array([int(c[i:i + 2], 16) for i in (1, 3, 5)], np.float32) for c in (top, bottom))
    t = np.linspace(0, 1, SIDE)[:, None, None]
    return Image.fromarray(np.broadcast_to(a + (b - a) * t, (SIDE, SIDE, 3)).round().astype(np.uint8)).convert("RGBA")


def drawn(what, style, size):
    if what in names():
        image = Image.open(world.work_path("art", style, f"{names().index(what)}.png")).convert("RGBA")
        k = size / max(image.size)
        return image.resize((round(image.width * k), round(image.height * k)), Image.LANCZOS)
    if what in world.WORDS:
        font = ImageFont.truetype(FONTS[0], 240)
        box = font.getbbox(what)
        image = Image.new("RGBA", (box[2] - box[0] + 16, box[3] - box[1] + 16))
        ImageDraw.Draw(image).text((8 - box[0], 8 - box[1]), what, font=font, fill=style)
        return image.resize((size, round(image.height * size / image.width)), Image.LANCZOS)
    color, shape = what.split()
    image = Image.new("RGBA", (size * 4, size * 4))
    points = [(4 + x * (size * 4 - 8), 4 + y * (size * 4 - 8)) for x, y in shape_points(shape)]
    ImageDraw.Draw(image).polygon(points, fill=world.COLORS[color])
    return image.resize((size, size), Image.LANCZOS)


def main(out):
    os.makedirs(out, exist_ok=True)
    rows = []
    for name, background, alt, items, questions in SAMPLES:
        canvas = gradient(*background)
        for what, style, x, y, size, turn in items:
            art = drawn(what, style, size).rotate(turn, Image.BICUBIC, expand=True)
            canvas.alpha_composite(art, (x - art.width // 2, y - art.height // 2))
        canvas.convert("RGB").save(os.path.join(out, f"{name}.png"), optimize=True)
        rows.append({"file": f"{name}.png", "alt": alt, "questions": [q for q, _ in questions]})
    with open(os.path.join(out, "samples.json"), "w") as f:
        json.dump(rows, f, indent=2)
        f.write("\n")


def check(out, model):
    """Every question, short and in a sentence, through transformers."""
    from ask import Answerer
    from phrases import SHORT
    answerer = Answerer(model)
    for name, _, _, _, questions in SAMPLES:
        image = Image.open(os.path.join(out, f"{name}.png"))
        print(name, answerer(image, ["Describe the image."])[-1])
        for question, answer in questions:
            said = answerer(image, [question + "\n" + SHORT])[-1]
            print(" ", "right" if said == answer else "WRONG", question, "->", said, "|", answerer(image, [question])[-1])


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../../public/samples")
    main(folder)
    check(folder, sys.argv[2] if len(sys.argv) > 2 else os.path.join(here, "../../public/models/pocket"))
