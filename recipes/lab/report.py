"""python report.py LAB: the lab's table from what run.sh and first_token.ts wrote, seed by seed and the mean."""
import json
import os
import statistics
import struct
import sys

TYPES = ["c-abs-16", "d-abs-16", "resampler-16", "c-abs-36", "linear", "mlp"]
SPATIAL = ["place", "relation", "nearest", "region"]
OTHERS = ["naming", "existence", "color", "counting", "words", "describe"]
lab = sys.argv[1]


def lines(*path):
    try:
        with open(os.path.join(lab, *path)) as f:
            return [json.loads(line) for line in f if line.startswith("{")]
    except FileNotFoundError:
        return []


def scores(name):
    """{kind: percent} with "spatial", "others" and "all", the plain means of their kinds; None where it has not been asked."""
    report = lines("log", f"{name}.test")
    if not report:
        return None
    of = {kind: 100 * s["right"] / s["of"] for kind, s in report[0]["kinds"].items()}
    mean = lambda kinds: statistics.mean(of[k] for k in kinds)
    return {"spatial": mean(SPATIAL), "others": mean(OTHERS), "all": mean(SPATIAL + OTHERS), **of}


def parameters(name):
    with open(os.path.join(lab, "trained", f"{name}.safetensors"), "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    size = lambda shape: size(shape[1:]) * shape[0] if shape else 1
    return sum(size(t["shape"]) for k, t in header.items() if k != "__metadata__")


def step(name, log):
    times = [line["ms"] for line in lines("log", f"{name}.{log}") if "step" in line][5:]
    return statistics.median(times) if times else None


def loss(name):
    last = [line["loss"] for line in lines("log", f"{name}.train") if "step" in line][-20:]
    return statistics.mean(last) if last else None


cell = lambda value, digits=1: "" if value is None else f"{value:.{digits}f}"
row = lambda cells: print("| " + " | ".join(cells) + " |")
first = {line["projector"]: line for line in lines("log", "first_token")}
columns = ["spatial", "others", "all"] + SPATIAL + OTHERS
row(["projector", "M", "parameters", "ms/step", "first token, ms", "loss", *columns])
row(["---"] * (6 + len(columns)))
for kind in ["base"] + TYPES:
    seeds = [f"{kind}-{s}" for s in ((0,) if kind == "base" else (1, 2))]
    found = [s for s in map(scores, seeds) if s]
    if not found:
        continue
    mean = {c: statistics.mean(s[c] for s in found) for c in columns}
    told = first.get(kind, {})
    losses = [x for x in map(loss, seeds) if x]
    one = seeds[0]
    row([kind, str(told.get("visualTokens", "")), "" if kind == "base" else str(parameters(one)), cell(step(one, "time"), 0),
         cell(told.get("firstTokenMs")), cell(statistics.mean(losses) if losses else None, 3)] + [cell(mean[c]) for c in columns])
    if len(found) > 1:
        row(["each seed", "", "", "", "", ""] + [" / ".join(cell(s[c]) for s in found) for c in columns])
