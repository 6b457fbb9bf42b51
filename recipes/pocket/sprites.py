"""Banks of ready sprites (many sizes, turns and tints of each), so that composing a scene is only blending.

A bank is a list of premultiplied uint8 RGBA arrays with a table (kind, index, size); shapes and words
are alpha only and get their colour in the scene.  `python sprites.py` writes <work>/bank-{train,test,twemoji,lesson}.pkl.
"""
import math
import pickle
import sys
import time

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

import world
from art import TRAIN_STYLES

TTF = "/usr/share/fonts/truetype/"
FONTS = [TTF + f for f in (
    "dejavu/DejaVuSans-Bold.ttf", "dejavu/DejaVuSansCondensed-Bold.ttf", "dejavu/DejaVuSerif-Bold.ttf",
    "liberation/LiberationSans-Bold.ttf", "liberation/LiberationSerif-Bold.ttf")]


def resized(image, side, rng):
    """The longest side becomes `side`; the aspect changes by up to 15 %."""
    w, h = image.size
    k = side / max(w, h)
    sx, sy = (math.exp(rng.uniform(-0.15, 0.15)), 1) if rng.random() < 0.6 else (1, 1)
    f = max(sx, sy)
    return image.resize((max(4, round(w * k * sx / f)), max(4, round(h * k * sy / f))), Image.BICUBIC)


def tinted(image, rng):
    """Colours within reason: hue stays near, so that a colour keeps its name."""
    rgb, alpha = image.convert("RGB"), image.getchannel("A")
    if rng.random() < 0.8:
        hsv = np.asarray(rgb.convert("HSV")).astype(np.int16)
        hsv[..., 0] = (hsv[..., 0] + int(rng.integers(-12, 13))) % 256
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.55, 1.4), 0, 255)
        hsv[..., 2] = np.clip(hsv[..., 2] * rng.uniform(0.75, 1.2) + rng.uniform(-15, 25), 0, 255)
        rgb = Image.fromarray(hsv.astype(np.uint8), "HSV").convert("RGB")
    if rng.random() < 0.5:
        rgb = ImageEnhance.Contrast(rgb).enhance(rng.uniform(0.65, 1.4))
    kind = rng.random()
    if kind < 0.12:
        rgb = rgb.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.0)))
    elif kind < 0.24:
        rgb = rgb.filter(ImageFilter.SHARPEN)
    elif kind < 0.40:  # flat colours, as drawn art has
        rgb = rgb.quantize(int(rng.integers(3, 9))).convert("RGB")
    return Image.merge("RGBA", (*rgb.split(), alpha))


def outlined(image, rng):
    """A dark or light line around the thing."""
    w, h = image.size
    alpha = Image.new("L", (w + 4, h + 4))
    alpha.paste(image.getchannel("A"), (2, 2))
    wide = alpha.filter(ImageFilter.MaxFilter(3))
    level = int(rng.integers(0, 70)) if rng.random() < 0.6 else int(rng.integers(220, 256))
    back = Image.merge("RGBA", (*[Image.new("L", wide.size, level)] * 3, wide))
    front = Image.new("RGBA", wide.size)
    front.paste(image, (2, 2))
    return Image.alpha_composite(back, front)


def premultiplied(image):
    a = np.asarray(image).astype(np.uint16)
    a[..., :3] = (a[..., :3] * a[..., 3:] + 127) // 255
    return a.astype(np.uint8)


def thing_sprite(image, side, rng, plain=False):
    image = resized(image, side, rng)
    if rng.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    if not plain:
        image = tinted(image, rng)
        if rng.random() < 0.15:
            image = outlined(image, rng)
    return image.rotate(rng.uniform(-25, 25), Image.BICUBIC, expand=True)


def polygon(points, turn=0.0):
    return [(0.5 + r * math.sin(t + turn), 0.5 - r * math.cos(t + turn)) for r, t in points]


def shape_points(shape):
    tau = 2 * math.pi
    if shape == "square":
        return [(0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95)]
    if shape == "triangle":
        return [(0.5, 0.05), (0.97, 0.92), (0.03, 0.92)]
    if shape == "diamond":
        return [(0.5, 0.0), (0.88, 0.5), (0.5, 1.0), (0.12, 0.5)]
    if shape == "hexagon":
        return polygon([(0.5, tau * (i + 0.5) / 6) for i in range(6)])
    if shape == "star":
        return polygon([(0.52 if i % 2 == 0 else 0.21, tau * i / 10) for i in range(10)])
    if shape == "cross":
        a, b = 0.33, 0.67
        return [(a, 0), (b, 0), (b, a), (1, a), (1, b), (b, b), (b, 1), (a, 1), (a, b), (0, b), (0, a), (a, a)]
    if shape == "heart":
        ts = [tau * i / 60 for i in range(60)]
        xs = [16 * math.sin(t) ** 3 for t in ts]
        ys = [13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t) for t in ts]
        return [(0.5 + x / 34, 0.47 - y / 34) for x, y in zip(xs, ys)]
    return polygon([(0.5, tau * i / 64) for i in range(64)])  # circle


def shape_mask(shape, side, rng):
    k = 4
    mask = Image.new("L", (side * k + 8, side * k + 8))
    points = [(4 + x * side * k, 4 + y * side * k) for x, y in shape_points(shape)]
    ImageDraw.Draw(mask).polygon(points, fill=255)
    limit = 16 if shape in ("square", "diamond") else 25
    mask = mask.rotate(rng.uniform(-limit, limit), Image.BICUBIC, expand=True)
    mask = mask.crop(mask.getbbox())
    w, h = mask.size
    sx = math.exp(rng.uniform(-0.1, 0.1))
    return mask.resize((max(4, round(w / k * sx)), max(4, round(h / k))), Image.BOX)


def word_mask(word, width, rng, fonts=FONTS):
    font = ImageFont.truetype(fonts[rng.integers(len(fonts))], 64)
    text = [word, word.upper(), word.capitalize()][rng.choice(3, p=[0.45, 0.35, 0.2])]
    box = font.getbbox(text)
    mask = Image.new("L", (box[2] - box[0] + 8, box[3] - box[1] + 8))
    ImageDraw.Draw(mask).text((4 - box[0], 4 - box[1]), text, font=font, fill=255)
    # Where each letter begins and ends, as shares of the width (the small turn is neglected).
    cuts = np.array([font.getlength(text[:n]) for n in range(len(text) + 1)]) / font.getlength(text)
    mask = mask.rotate(rng.uniform(-8, 8), Image.BICUBIC, expand=True)
    mask = mask.crop(mask.getbbox())
    w, h = mask.size
    k = min(width / w, 34 / h * width / 56)
    return np.asarray(mask.resize((max(6, round(w * k)), max(6, round(h * k))), Image.LANCZOS)), cuts


def sides(rng, n):
    """Small for the 3x3 layout, medium for the 2x2, some large."""
    small = rng.uniform(29, 42, round(n * 0.36))
    large = rng.uniform(60, 104, round(n * 0.14))
    return np.concatenate([small, rng.uniform(38, 60, n - len(small) - len(large)), large]).round().astype(int)


def build(styles, per_style, seed, plain=False):
    rng = np.random.default_rng(seed)
    bank = {"things": {}, "shapes": {}, "words": {}}
    count = len(world.split_emoji(world.THINGS))
    for i in range(count):
        rows = []
        for style in styles:
            image = Image.open(world.work_path("art", style, f"{i}.png")).convert("RGBA")
            rows += [premultiplied(thing_sprite(image, s, rng, plain)) for s in sides(rng, per_style)]
        bank["things"][i] = rows
    for i, shape in enumerate(world.SHAPES):
        bank["shapes"][i] = [np.asarray(shape_mask(shape, int(s), rng)) for s in sides(rng, 60)]
    for i, word in enumerate(world.WORDS):
        widths = rng.uniform(42, 62, 26).tolist() + rng.uniform(62, 104, 6).tolist()
        bank["words"][i] = [word_mask(word, w, rng) for w in widths]
    return bank


if __name__ == "__main__":
    for name, styles, n, seed in (("train", TRAIN_STYLES, 28, 1), ("test", TRAIN_STYLES, 8, 3),
                                  ("twemoji", ["twemoji"], 24, 2), ("lesson", ["twemoji"], 48, 5)):
        start = time.time()
        bank = build(styles, n, seed, plain=name != "train")
        with open(world.work_path(f"bank-{name}.pkl"), "wb") as f:
            pickle.dump(bank, f, protocol=4)
        print(name, sum(map(len, bank["things"].values())), "sprites", round(time.time() - start), "s", file=sys.stderr)
