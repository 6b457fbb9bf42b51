"""Language training: the answers, with auxiliary losses that teach where the words of a question point.

python train.py MINUTES [--qat-from 0.75]   resumes from <work>/model.pt; starts from <work>/vision.pt
"""
import argparse
import math
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import model as M
import world
from loader import batches
from model import TEXT, Pocket
from packing import color_tokens, mixed_batch, name_tokens, tokenizer
from pair import Pair
from pretrain import DenseModel, class_weight, dense_loss, save

BATCH, PEAK, VISION_RATE, EMA = 16, 3e-3, 0.2, 0.998
FIND_AT, ANSWER_AT = 2, 4


class Pointer(nn.Module):
    """Training only: which patch does this position mean (the last choice: none)."""

    def __init__(self, d):
        super().__init__()
        self.q, self.k, self.none = nn.Linear(d, 64), nn.Linear(d, 64), nn.Linear(d, 1)

    def forward(self, hidden, plan, which):
        at, image, soft = which
        p = plan.prefix
        h = hidden.index_select(0, at)
        visual = hidden[:plan.images * p].view(plan.images, p, -1)[:, len(plan.head):len(plan.head) + 64]
        k = self.k(visual).index_select(0, image)
        logits = torch.cat([(k @ self.q(h)[..., None])[..., 0] / 8, self.none(h)], 1)
        return F.cross_entropy(logits.float(), soft)


class Trained(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.pocket, self.dense = Pocket(vocab), DenseModel()
        self.find, self.answer = Pointer(TEXT["width"]), Pointer(TEXT["width"])
        self.gain = nn.Parameter(torch.tensor(4.0))


def name_loss(visual, table, gain, label, color, class_tokens, colors):
    """Every visual token on a thing predicts the tokens of its name through the embedding table."""
    on = label.flatten() > 0
    x = visual.flatten(0, 1)[on].float()
    logits = F.linear(F.rms_norm(x, x.shape[-1:]) * gain, F.normalize(table, dim=-1))
    logp = F.log_softmax(logits.float(), -1)
    name, c = class_tokens[label.flatten()[on]], color.flatten()[on]
    loss = -logp.gather(1, name[:, None])[:, 0]
    tinted = c >= 0
    loss_color = -logp.gather(1, colors[c.clamp(min=0)][:, None])[:, 0]
    return torch.where(tinted, 0.6 * loss + 0.4 * loss_color, loss).mean()


def optimizers(t, pair):
    muon, plain = {1.0: [], VISION_RATE: []}, {1.0: [], VISION_RATE: []}
    for name, p in t.named_parameters():
        if not pair.mine(p):
            continue
        rate = VISION_RATE if "vision_tower" in name or name.startswith("dense") else 1.0
        matrix = p.ndim == 2 and (".layers." in name or "projector" in name)
        (muon if matrix else plain)[rate].append(p)
    groups = lambda d, lr: [dict(params=ps, lr=lr * r, base=lr * r) for r, ps in d.items() if ps]
    return [torch.optim.Muon(groups(muon, PEAK), lr=PEAK, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(groups(plain, PEAK * 0.6), betas=(0.9, 0.98), weight_decay=0.0, fused=True)]


def start_or_resume(t, opts, path, rank):
    try:
        state = torch.load(path, weights_only=False)
        t.load_state_dict(state["model"])
        for o, s in zip(opts, state["opts"][rank]):
            bases = [group["base"] for group in o.param_groups]
            o.load_state_dict(s)
            for group, base in zip(o.param_groups, bases):
                group["base"] = base
        return state["step"], state["spent"], state["ema"]
    except FileNotFoundError:
        vision = torch.load(world.work_path("vision.pt"), weights_only=False)["model"]
        t.dense.load_state_dict(vision)
        t.pocket.vision_tower.load_state_dict({k[6:]: v for k, v in vision.items() if k.startswith("tower.")})
        return 0, 0.0, {k: v.detach().clone() for k, v in t.pocket.state_dict().items()}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("minutes", type=float)
    args.add_argument("--qat-from", type=float, default=0.75)
    args.add_argument("--steps", type=int, default=10 ** 9)
    args = args.parse_args()
    torch.manual_seed(1)
    M.compile_small()
    t = Trained(tokenizer().get_vocab_size())
    pair = Pair(p for n, p in t.named_parameters() if not n.startswith("dense.tower") and "post_layernorm" not in n)
    torch.set_num_threads(1 if pair.size > 1 else 2)
    opts = optimizers(t, pair)
    path = world.work_path("model.pt")
    step, spent, ema = start_or_resume(t, opts, path, pair.rank)
    class_tokens, colors = torch.from_numpy(name_tokens()), torch.from_numpy(color_tokens())
    weight = class_weight()
    begin, mark, sums, part = time.time() - spent, time.time(), {}, 0.0
    for pixels, targets, plan, (more, spelt) in batches(mixed_batch, BATCH // pair.size, step, 0, pair):
        if part >= 1 or step >= args.steps:
            break
        if part >= args.qat_from and not t.pocket.quantize_embeddings:
            print("training quantized from here", flush=True)
            t.pocket.quantization_aware()
        with torch.autocast("cpu", torch.bfloat16):
            features, visual, kept, hidden, table = t.pocket(pixels, plan, (FIND_AT, ANSWER_AT))
            logits = t.pocket.logits(hidden.index_select(0, plan.at), table)
            label, color, _ = targets
            said = t.dense.heads(features)
            again = t.dense.heads(t.pocket.vision_tower(more))
            losses = dict(
                find=t.find(kept[FIND_AT], plan, plan.ground), answer=t.answer(kept[ANSWER_AT], plan, plan.answer),
                name=name_loss(visual, table, t.gain, label, color, class_tokens, colors),
                patch=dense_loss(said, targets, weight) / 2 + dense_loss(again, spelt, weight) / 2)
        losses["text"] = (F.cross_entropy(logits.float(), plan.target, reduction="none") * plan.weight).sum() / plan.weight.sum()
        early = 1 - 0.7 * part
        loss = losses["text"] + early * (0.4 * losses["find"] + 0.3 * losses["answer"] + 0.15 * losses["name"]
                                         + 0.5 * losses["patch"])
        loss.backward()
        part = pair.average((time.time() - begin) / (args.minutes * 60))
        nn.utils.clip_grad_norm_(pair.params, 1.0)
        scale = min(1, (step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, part))))
        for o in opts:
            for group in o.param_groups:
                group["lr"] = group["base"] * scale
            o.step()
        t.zero_grad()
        pair.exchange()
        with torch.no_grad():
            for k, v in t.pocket.state_dict().items():
                ema[k].lerp_(v, 1 - min(EMA, (1 + step) / (10 + step)))
        step += 1
        for k, v in losses.items():
            sums[k] = sums.get(k, 0) + v.item()
        if step % 50 == 0 and pair.rank == 0:
            said = " ".join(f"{k} {v / 50:.3f}" for k, v in sums.items())
            print(f"step {step} {time.time() - begin:.0f}s {said} {50 * BATCH / (time.time() - mark):.1f} img/s", flush=True)
            mark, sums = time.time(), {}
        if step % 100 == 0:
            save(pair, opts, dict(model=t.state_dict(), ema=ema, step=step, spent=time.time() - begin), path)
    save(pair, opts, dict(model=t.state_dict(), ema=ema, step=step, spent=time.time() - begin), path)


if __name__ == "__main__":
    main()
