"""The runtime's weight formats, simulated: q4 for the decoder's linear layers, q8 for the rest that is large.

Blocks of 32 along the input axis, one f16 scale each, symmetric:
  q4: d = f16(m / -8), m the element of largest magnitude with its sign; q = clamp(round(x / d), -8, 7)
  q8: d = f16(max |x| / 127); q = round(x / d)
The runtime searches d for q4 among nine near this one (shaders/convert.wgsl). What lies on this grid already passes through it
unchanged: to mean the same there, export weights that were trained through this simulation as q4(w).
"""
import torch
import torch.nn.functional as F

BLOCK = 32


def blocks(w):
    rows, cols = w.shape
    return F.pad(w, (0, -cols % BLOCK)).view(rows, -1, BLOCK)


def q4(w):
    b = blocks(w.float())
    m = b.gather(-1, b.abs().argmax(-1, keepdim=True))
    d = (m / -8).half().float()
    q = (b / d.where(d != 0, torch.ones_like(d))).round().clamp(-8, 7)
    return (q * d).view(w.shape[0], -1)[:, :w.shape[1]]


def q8(w):
    b = blocks(w.float())
    d = (b.abs().amax(-1, keepdim=True) / 127).half().float()
    q = (b / d.where(d != 0, torch.ones_like(d))).round()
    return (q * d).view(w.shape[0], -1)[:, :w.shape[1]]


def straight_through(w, quantizer):
    with torch.no_grad():
        delta = quantizer(w) - w
    return w + delta


def kind_of(name):
    """Which format a tensor of the checkpoint takes in the runtime's q4 mode."""
    if "language_model" in name and name.endswith("_proj.weight"):
        return "q4"
    if name.endswith("embed_tokens.weight") or name.endswith("lm_head.weight"):
        return "q8"
    if "vision_tower" in name and ("_proj.weight" in name or ".fc1.weight" in name or ".fc2.weight" in name):
        return "q8"
    return "f16"


def quantized(name, w):
    kind = kind_of(name)
    return q4(w) if kind == "q4" else q8(w) if kind == "q8" else w.half().float()
