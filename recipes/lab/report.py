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
    return statistics.quantiles(times)[0] if len(times) > 1 else None  # the faster quarter: the machine is shared


def loss(name):
    last = [line["loss"] for line in lines("log", f"{name}.train") if "step" in line][-20:]
    return statistics.mean(last) if last else None


cell = lambda value, digits=1: "" if value is None else f"{value:.{digits}f}"
row = lambda cells: print("| " + " | ".join(cells) + " |")
first = {line["projector"]: line for line in lines("log", "first_token")}
columns = ["spatial", "others", "all"] + SPATIAL + OTHERS
row(["projector", "M", "parameters", "ms/step", "first token, ms", "loss", *columns])
row(["---"] * (6 + len(columns)))
each = []
for kind in ["base"] + TYPES:
    seeds = [f"{kind}-{s}" for s in ((0,) if kind == "base" else (1, 2))]
    found = [s for s in map(scores, seeds) if s]
    if not found:
        continue
    each.append([kind] + [" / ".join(cell(s[c]) for s in found) for c in columns])
    told, losses = first.get(kind, {}), [x for x in map(loss, seeds) if x is not None]
    row([kind, str(told.get("visualTokens", "")), "" if kind == "base" else f"{parameters(seeds[0]):,}", cell(step(seeds[0], "time"), 0),
         cell(told.get("firstTokenMs"), 0), cell(statistics.mean(losses) if losses else None, 2),
         *[cell(statistics.mean(s[c] for s in found)) for c in columns]])
print()
row(["each seed", *columns])
row(["---"] * (1 + len(columns)))
for cells in each[1:]:
    row(cells)
