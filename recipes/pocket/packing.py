"""Packs many questions about each image of a batch: one prefix per image, then blocks of questions."""
from types import SimpleNamespace

import numpy as np
import torch
from tokenizers import Tokenizer

import world
from loader import composer, dense_batch, stacked, to_pixels
from model import TEXT
from phrases import SHORT
from questions import ask, conversation
from scenes import GRID, dense_targets, scene_rng
from tokenizer import BOS, EOS, PAD
from wording import names

VISUAL = GRID * GRID
_tok = []


def tokenizer():
    if not _tok:
        _tok.append(Tokenizer.from_file(world.work_path("tokenizer.json")))
    return _tok[0]


def encode(text):
    return tokenizer().encode(text, add_special_tokens=False)


def prefix_ids():
    """The tokens around the visual ones: <s> USER: <image> newline."""
    return [BOS] + encode("USER: ").ids, encode("\n").ids


def casual(question, rng):
    """Now and then as people type: no capital, no question mark."""
    if rng.random() < 0.08:
        question = question[0].lower() + question[1:]
    if rng.random() < 0.05:
        question = question.rstrip("?.")
    return question


def block(turns, short, rng):
    """-> ids, [(position, id, weight)] to predict, [(position, patches or None)] grounds, [(position, patches)] answers."""
    ids, targets, grounds, answers = [], [], [], []
    for n, (turn, brief) in enumerate(zip(turns, short)):
        lead = "" if n == 0 else "USER: "
        question = casual(turn.question, rng)
        ask_short = ("\n" if rng.random() < 0.9 else " ") + SHORT if brief else ""
        enc = encode(lead + question + ask_short + " ASSISTANT:")
        ends = {end: k for k, (_, end) in enumerate(enc.offsets)}
        for end, patches in turn.grounds:
            if len(lead) + end in ends:
                grounds.append((len(ids) + ends[len(lead) + end], patches))
        ids += enc.ids
        if turn.target is not None:
            answers.append((len(ids) - 1, turn.target.patches))
        answer = encode(" " + (turn.short if brief else turn.sentence)).ids + [EOS]
        w = len(answer) ** -0.5
        targets += [(len(ids) - 1 + k, t, w) for k, t in enumerate(answer)]
        ids += answer
    return ids, targets, grounds, answers


def group(rows, images, first):
    """A padded view over a run of blocks, `rows[k]` tokens each, which start at flat token `first`."""
    lengths = np.array(rows)
    longest = int(lengths.max())
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    cols = np.arange(longest)
    real = cols < lengths[:, None]
    index = np.where(real, starts[:, None] + cols, 0).ravel()
    back = np.flatnonzero(real.ravel())
    head, tail = prefix_ids()
    p = len(head) + VISUAL + len(tail)
    ok = (cols[:, None] >= cols)[None] & real[:, None]
    mask = np.zeros((len(rows), longest, p + longest), np.float32)
    mask[:, :, p:][~ok] = -1e4
    rep = TEXT["heads"] // TEXT["kv_heads"]
    mask = torch.from_numpy(mask).bfloat16().repeat(1, rep, 1)[:, None]
    return SimpleNamespace(rows=len(rows), length=longest, start=first, end=first + int(lengths.sum()),
                           index=torch.from_numpy(index), back=torch.from_numpy(back),
                           real=torch.from_numpy(real.reshape(-1, 1)).bfloat16(), mask=mask)


def rotary(positions):
    d = TEXT["head_dim"]
    freq = TEXT["theta"] ** (-np.arange(0, d, 2) / d)
    t = torch.from_numpy((np.asarray(positions)[:, None] * freq).astype(np.float32))[:, None]
    return t.cos(), t.sin()


def pack(blocks_by_group, images):
    """blocks_by_group: per group, `images` x n blocks in the order of the images."""
    head, tail = prefix_ids()
    p = len(head) + VISUAL + len(tail)
    positions = list(range(p)) * images
    plan = SimpleNamespace(images=images, prefix=p, head=torch.tensor(head), tail=torch.tensor(tail), groups=[])
    ids, out = [], SimpleNamespace(at=[], id=[], weight=[], turn=[], ground=[], answer=[])
    turns = 0
    for blocks in blocks_by_group:
        first = images * p + len(ids)
        for k, (tokens, targets, grounds, answers) in enumerate(blocks):
            base, image = images * p + len(ids), k * images // len(blocks)
            for at, token, weight in targets:
                out.at.append(base + at)
                out.id.append(token)
                out.weight.append(weight)
                out.turn.append(turns)
                turns += token == EOS
            for name, rows in (("ground", grounds), ("answer", answers)):
                for at, patches in rows:
                    soft = np.zeros(VISUAL + 1, np.float32)
                    if patches is None or not patches.any():
                        soft[-1] = 1
                    else:
                        soft[:-1] = patches / patches.sum()
                    getattr(out, name).append((base + at, image, soft))
            ids += tokens
            positions += range(p, p + len(tokens))
        plan.groups.append(group([len(b[0]) for b in blocks], images, first))
    plan.ids = torch.tensor(ids)
    plan.cos, plan.sin = rotary(positions)
    causal = torch.full((p, p), -1e4).triu(1).bfloat16()
    plan.prefix_mask = causal.repeat(TEXT["heads"] // TEXT["kv_heads"], 1)
    plan.at, plan.target, plan.weight = torch.tensor(out.at), torch.tensor(out.id), torch.tensor(out.weight)
    plan.turn = torch.tensor(out.turn)
    for name in ("ground", "answer"):
        if not getattr(out, name):
            continue
        at, image, soft = zip(*getattr(out, name))
        setattr(plan, name, (torch.tensor(at), torch.tensor(image), torch.from_numpy(np.stack(soft))))
    return plan


BRIEF, LONG = 8, 1  # blocks per image with a short answer, with a sentence; and one conversation


def name_tokens():
    """Per class, the first token of its name; the background has none."""
    return np.array([PAD] + [encode(" " + text).ids[0] for text in names() + world.SHAPES + world.WORDS])


def color_tokens():
    return np.array([encode(" " + c).ids[0] for c in world.COLOR_NAMES])


EXTRA = 12  # further scenes for the dense loss alone, rich in words: an image costs a tenth there


def mixed_batch(number, size, split):
    language = language_batch(number, size, split)
    extra = dense_batch(40_000_000 + number, EXTRA, split)
    return *language, extra


def language_batch(number, size, split):
    images, targets, brief, long, chats = [], [], [], [], []
    composer().word_rate = 0.75
    for i in range(size):
        rng = scene_rng(split, number * size + i)
        image, items = composer().scene(rng)
        images.append(image)
        targets.append(dense_targets(items))
        brief += [block([ask(items, rng)], [True], rng) for _ in range(BRIEF)]
        long += [block([ask(items, rng)], [False], rng) for _ in range(LONG)]
        n = int(rng.integers(2, 4))
        chats.append(block(conversation(items, rng, n), rng.random(n) < 0.4, rng))
    return to_pixels(images), stacked(targets), pack([brief, long, chats], size)
