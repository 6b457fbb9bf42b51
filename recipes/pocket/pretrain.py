"""Dense pre-training of the vision tower: every patch names what lies on it, and its colour.

python pretrain.py [minutes]   resumes from <work>/vision.pt, logs to stdout
"""
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import world
from loader import batches, dense_batch
from model import VISION, VisionTower
from pair import Pair
from scenes import N_CLASSES

BATCH, PEAK = 128, 3e-3


class DenseModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = VisionTower(**VISION)
        self.norm = nn.LayerNorm(VISION["width"])
        self.classes = nn.Linear(VISION["width"], N_CLASSES)
        self.colors = nn.Linear(VISION["width"], len(world.COLORS))
        self.letters = nn.Linear(VISION["width"], 26)

    def forward(self, pixels):
        return self.heads(self.tower(pixels))

    def heads(self, features):
        x = self.norm(features)
        return self.classes(x).float(), self.colors(x).float(), self.letters(x).float()


def dense_loss(said, targets, weight):
    (classes, colors, letters), (label, color, spelt) = said, targets
    on = label >= N_CLASSES - len(world.WORDS)
    return (F.cross_entropy(classes.flatten(0, 1), label.flatten(), weight=weight)
            + 0.3 * F.cross_entropy(colors.flatten(0, 1), color.flatten(), ignore_index=-1)
            + 4 * F.binary_cross_entropy_with_logits(letters[on], spelt[on], reduction="sum") / (26 * on.sum()).clamp(min=1))


def class_weight():
    weight = torch.ones(N_CLASSES)
    weight[0] = 0.25
    return weight


def optimizers(model, pair):
    """Muon for the layers' matrices, AdamW for the rest."""
    muon = [p for n, p in model.named_parameters() if p.ndim == 2 and ".layers." in n and pair.mine(p)]
    rest = [p for n, p in model.named_parameters() if not (p.ndim == 2 and ".layers." in n) and pair.mine(p)]
    return [torch.optim.Muon(muon, lr=PEAK, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=PEAK / 2, betas=(0.9, 0.98), weight_decay=0.0, fused=True)]


def main(minutes):
    torch.manual_seed(0)
    model = DenseModel()
    pair = Pair(model.parameters())
    torch.set_num_threads(1 if pair.size > 1 else 2)
    opts = optimizers(model, pair)
    base = [group["lr"] for o in opts for group in o.param_groups]
    path = world.work_path("vision.pt")
    step, spent = 0, 0.0
    try:
        state = torch.load(path, weights_only=False)
        model.load_state_dict(state["model"])
        for o, s in zip(opts, state["opts"][pair.rank] if len(state["opts"]) == pair.size else []):
            o.load_state_dict(s)
        step, spent = state["step"], state["spent"]
    except FileNotFoundError:
        pass
    weight = class_weight()
    start, mark = time.time() - spent, time.time()
    for pixels, targets in batches(dense_batch, BATCH // pair.size, step, 0, pair):
        with torch.autocast("cpu", torch.bfloat16):
            said = model(pixels)
        loss = dense_loss(said, targets, weight)
        loss.backward()
        t = pair.average((time.time() - start) / (minutes * 60))
        if t >= 1:
            break
        scale = min(1, (step + 1) / 200) * (1 if t < 0.6 else max(0.1, (1 - t) / 0.4))
        for group, lr in zip([g for o in opts for g in o.param_groups], base):
            group["lr"] = lr * scale
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
        model.zero_grad()
        pair.exchange()
        step += 1
        if step % 50 == 0 and pair.rank == 0:
            report(step, time.time() - start, loss, said, targets, 50 * BATCH / (time.time() - mark))
            mark = time.time()
        if step % 100 == 0:
            save(pair, opts, dict(model=model.state_dict(), step=step, spent=time.time() - start), path)
    save(pair, opts, dict(model=model.state_dict(), step=step, spent=time.time() - start), path)


def save(pair, opts, state, path):
    """One file by the first process, with the optimizer states of all."""
    part = f"{path}.{pair.rank}"
    torch.save([o.state_dict() for o in opts], part)
    pair.barrier()
    if pair.rank == 0:
        torch.save({**state, "opts": [torch.load(f"{path}.{r}") for r in range(pair.size)]}, path + ".new")
        os.replace(path + ".new", path)


def report(step, seconds, loss, said, targets, rate):
    (classes, colors, letters), (label, color, spelt) = said, targets
    good = (classes.argmax(-1) == label).float()
    words = label >= N_CLASSES - len(world.WORDS)
    spelt_right = ((letters > 0) == (spelt > 0)).all(-1)[words].float().mean().item()
    print(f"step {step} {seconds:.0f}s loss {loss.item():.3f} thing {good[(label > 0) & ~words].mean().item():.3f} "
          f"word {good[words].mean().item():.3f} letters {spelt_right:.3f} "
          f"color {(colors.argmax(-1) == color)[color >= 0].float().mean().item():.3f} {rate:.0f} img/s", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15)
