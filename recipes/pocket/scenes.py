"""Composes scenes: a 128 x 128 RGB image and the list of its items, by array operations on ready sprites."""
import pickle
from dataclasses import dataclass

import numpy as np

import world

SIDE, PATCH = 128, 16
GRID = SIDE // PATCH
THING, SHAPE, WORD = 0, 1, 2
N_THINGS, N_SHAPES, N_WORDS = len(world.split_emoji(world.THINGS)), len(world.SHAPES), len(world.WORDS)
N_CLASSES = 1 + N_THINGS + N_SHAPES + N_WORDS  # 0 is the background
RGB = np.array(list(world.COLORS.values()), np.float32)


@dataclass
class Item:
    kind: int
    index: int          # which thing, shape or word
    color: int          # of a shape or word, else -1
    place: str
    x: float            # centre, pixels
    y: float
    patches: np.ndarray = None  # [64] bool: the patches it lies on
    cuts: np.ndarray = None     # of a word: where its letters begin and end, pixels

    @property
    def label(self):
        return 1 + self.index + (0, N_THINGS, N_THINGS + N_SHAPES)[self.kind]


def background(rng):
    """Plain, gradient, stripes, checks, blobs or noise in two colours."""
    a, b = rng.integers(20, 256, (2, 3)).astype(np.float32)
    if rng.random() < 0.6:
        b = np.clip(a + rng.normal(0, 30, 3), 0, 255)
    kind = rng.integers(6)
    yy, xx = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    t = rng.uniform(0, np.pi)
    u = xx * np.cos(t) + yy * np.sin(t)
    if kind == 0:
        m = np.zeros((SIDE, SIDE), np.float32)
    elif kind == 1:
        m = (u - u.min()) / (u.max() - u.min())
    elif kind == 2:
        m = ((u / rng.uniform(5, 24)) % 2 < 1).astype(np.float32)
    elif kind == 3:
        s = rng.uniform(7, 32)
        m = (((xx / s).astype(int) + (yy / s).astype(int)) % 2).astype(np.float32)
    elif kind == 4:
        m = rng.random((rng.integers(3, 9),) * 2).astype(np.float32)
        i = np.linspace(0, m.shape[0] - 1.001, SIDE)
        f, i = i - i.astype(int), i.astype(int)
        m = m[i] * (1 - f)[:, None] + m[i + 1] * f[:, None]
        m = m[:, i] * (1 - f) + m[:, i + 1] * f
    else:
        m = rng.random((SIDE, SIDE), dtype=np.float32)
    img = a + (b - a) * m[..., None]
    if rng.random() < 0.3:
        img = img + rng.normal(0, rng.uniform(2, 12), img.shape)
    return np.clip(img, 0, 255).astype(np.uint8)


class Composer:
    word_rate = 0.5     # language training sees more
    many_words = False  # dense pre-training sees more than one word in a scene

    def __init__(self, bank_file, backgrounds=1500, seed=7):
        with open(bank_file, "rb") as f:
            self.bank = pickle.load(f)
        rng = np.random.default_rng(seed)
        self.backgrounds = [background(rng) for _ in range(backgrounds)]
        # Which sprites have a side in a range, found once.
        first = lambda s: s[0] if isinstance(s, tuple) else s
        self.sizes = {k: {i: np.array([max(first(s).shape[:2]) for s in rows]) for i, rows in group.items()}
                      for k, group in self.bank.items()}

    def pick(self, group, index, lo, hi, rng):
        sizes = self.sizes[group][index]
        ok = np.flatnonzero((sizes >= lo) & (sizes <= hi))
        if len(ok) == 0:
            ok = np.argsort(np.abs(sizes - (lo + hi) / 2))[:3]
        return self.bank[group][index][ok[rng.integers(len(ok))]]

    def layout(self, rng):
        """[(place, x, y)], the sprites' range of sizes, and the reach of the jitter."""
        r = rng.random()
        if r < 0.10:
            return [("center", 64, 64)], (46, 110), 8
        if r < 0.20:
            across = rng.random() < 0.5
            places = [("left", 32, 64), ("right", 96, 64)] if across else [("top", 64, 32), ("bottom", 64, 96)]
            return places, (38, 66), 7
        if r < 0.48:
            centres = (22, 64, 106)
            cells = [(p, centres[c], centres[w]) for (w, c), p in world.PLACES.items()]
            n = rng.choice([1, 2, 3, 4], p=[0.1, 0.3, 0.3, 0.3])
            return [cells[i] for i in rng.permutation(9)[:n]], (28, 44), 3
        cells = [("top left", 32, 32), ("top right", 96, 32), ("bottom left", 32, 96), ("bottom right", 96, 96)]
        n = rng.choice([1, 2, 3, 4], p=[0.12, 0.28, 0.3, 0.3])
        return [cells[i] for i in rng.permutation(4)[:n]], (34, 64), 9

    def choose(self, n, small, rng):
        """Kinds and indices: things and shapes, now and then one word, now and then a thing twice."""
        has_word = not small and rng.random() < self.word_rate
        out = []
        for i in range(n):
            if has_word and i == 0 or self.many_words and not small and rng.random() < 0.4:
                out.append((WORD, int(rng.integers(N_WORDS)), int(rng.integers(len(RGB)))))
            elif out and out[-1][0] != WORD and rng.random() < 0.13:
                kind, index, color = out[-1]
                out.append((kind, index, int(rng.integers(len(RGB))) if kind == SHAPE else -1))
            elif rng.random() < 0.66:
                out.append((THING, int(rng.integers(N_THINGS)), -1))
            else:
                out.append((SHAPE, int(rng.integers(N_SHAPES)), int(rng.integers(len(RGB)))))
        return [out[i] for i in rng.permutation(n)]

    def ink(self, canvas, x0, y0, h, w, color, rng):
        """A colour that shows on what is below, near its named value; prefers the one asked for."""
        below = canvas[y0:y0 + h, x0:x0 + w].reshape(-1, 3).mean(0)
        for _ in range(12):
            if np.abs(RGB[color] - below).sum() > 170:
                break
            color = int(rng.integers(len(RGB)))
        rgb = np.clip(RGB[color] * rng.uniform(0.9, 1.08) + rng.normal(0, 7, 3), 0, 255)
        return color, rgb.astype(np.uint16)

    def scene(self, rng):
        canvas = self.backgrounds[rng.integers(len(self.backgrounds))]
        canvas = np.roll(canvas, rng.integers(0, SIDE, 2) if rng.random() < 0.3 else 0, (0, 1))
        canvas = canvas[::rng.choice([1, -1]), ::rng.choice([1, -1])].astype(np.uint16)
        cells, (lo, hi), jitter = self.layout(rng)
        items = []
        for (place, cx, cy), (kind, index, color) in zip(cells, self.choose(len(cells), hi < 50, rng)):
            group = ("things", "shapes", "words")[kind]
            sprite = self.pick(group, index, lo if kind != WORD else max(lo, 44), hi, rng)
            sprite, cuts = sprite if kind == WORD else (sprite, None)
            sh, sw = sprite.shape[:2]
            jx, jy = rng.integers(-jitter, jitter + 1, 2)
            x0 = int(np.clip(cx + jx - sw // 2, 0, max(0, SIDE - sw)))
            y0 = int(np.clip(cy + jy - sh // 2, 0, max(0, SIDE - sh)))
            sprite = sprite[:SIDE - y0, :SIDE - x0]
            h, w = sprite.shape[:2]
            under = canvas[y0:y0 + h, x0:x0 + w]
            if kind == THING:
                alpha = sprite[..., 3:].astype(np.uint16)
                under[:] = (under * (255 - alpha) + 127) // 255 + sprite[..., :3]
                np.minimum(under, 255, out=under)
            else:
                alpha = sprite[..., None].astype(np.uint16)
                color, rgb = self.ink(canvas, x0, y0, h, w, color, rng)
                under[:] = (under * (255 - alpha) + rgb * alpha + 127) // 255
            cover = np.zeros((SIDE, SIDE), np.float32)
            cover[y0:y0 + h, x0:x0 + w] = 1 if kind == WORD else alpha[..., 0] > 100
            cover = cover.reshape(GRID, PATCH, GRID, PATCH).mean((1, 3)).ravel()
            items.append(Item(kind, index, color, place, x0 + w / 2, y0 + h / 2, cover,
                              None if cuts is None else x0 + sw * cuts))
        covers = np.stack([i.patches for i in items])
        owner = covers.argmax(0)
        for k, item in enumerate(items):
            item.patches = (owner == k) & (covers[k] > min(0.3, covers[k].max() * 0.6))
        return canvas.astype(np.uint8), sorted(items, key=lambda i: (round(i.y / 30), i.x))


def dense_targets(items):
    """Per patch: class (0 background), colour (-1 none), and the letters in it [64,26]."""
    label, color = np.zeros(GRID * GRID, np.int64), np.full(GRID * GRID, -1, np.int64)
    letters = np.zeros((GRID * GRID, 26), np.float32)
    for item in items:
        label[item.patches] = item.label
        color[item.patches] = item.color
        if item.kind == WORD:
            left = np.arange(GRID) * PATCH
            for letter, a, b in zip(world.WORDS[item.index], item.cuts, item.cuts[1:]):
                inside = (np.minimum(b, left + PATCH) - np.maximum(a, left)) / (b - a) > 0.45
                letters[item.patches & np.tile(inside, GRID), ord(letter) - ord("a")] = 1
    return label, color, letters


def scene_rng(split, index):
    """split 0 trains, 1 selects, 2 tests: never the same seeds."""
    return np.random.default_rng([split, index])
