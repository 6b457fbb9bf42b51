"""The model in plain PyTorch, for training on a CPU: tensor names are those of llava-hf checkpoints.

One image serves many questions: the prefix (<s> USER: <image> ...) is computed once, each question is a
block that attends to the prefix and to itself, with the positions of a fresh prompt.  Linear layers see only
real tokens; padding exists inside attention alone.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from quantize import q4, q8, straight_through

VISION = dict(width=192, layers=6, heads=3, ffn=768, image=128, patch=16)
TEXT = dict(width=256, layers=6, heads=4, kv_heads=2, head_dim=64, ffn=704, theta=10000.0, eps=1e-5)


def attend(q, k, v, mask=None):
    """Plain matrix products: on a CPU in bf16 the backward of these is seven times faster than SDPA's."""
    s = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if mask is not None:
        s = s + mask
    return s.softmax(-1).to(v.dtype) @ v


class Linear(nn.Linear):
    """A linear layer that can train as if its weight were stored quantized."""
    quantizer = None

    def forward(self, x):
        w = self.weight if self.quantizer is None else straight_through(self.weight, self.quantizer)
        return F.linear(x, w, self.bias)


class VisionLayer(nn.Module):
    def __init__(self, d, ffn, heads):
        super().__init__()
        self.heads = heads
        self.self_attn = nn.ModuleDict({n: Linear(d, d) for n in ("q_proj", "k_proj", "v_proj", "out_proj")})
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.mlp = nn.ModuleDict({"fc1": Linear(d, ffn), "fc2": Linear(ffn, d)})

    def forward(self, x):
        b, t, d = x.shape
        h = self.layer_norm1(x)
        q, k, v = (self.self_attn[n](h).view(b, t, self.heads, -1).transpose(1, 2) for n in ("q_proj", "k_proj", "v_proj"))
        h = attend(q, k, v).transpose(1, 2).reshape(b, t, d)
        x = x + self.self_attn["out_proj"](h)
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.layer_norm2(x))))


class VisionTower(nn.Module):
    def __init__(self, width, layers, heads, ffn, image, patch):
        super().__init__()
        n = (image // patch) ** 2
        self.embeddings = nn.Module()
        self.embeddings.class_embedding = nn.Parameter(torch.randn(width) * 0.02)
        self.embeddings.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.embeddings.position_embedding = nn.Embedding(n + 1, width)
        nn.init.normal_(self.embeddings.position_embedding.weight, std=0.02)
        self.pre_layrnorm = nn.LayerNorm(width)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(VisionLayer(width, ffn, heads) for _ in range(layers))
        self.post_layernorm = nn.LayerNorm(width)

    def forward(self, pixels):
        """pixels [B,3,128,128] -> hidden_states[-1] without the class token [B,64,width]."""
        e = self.embeddings
        w = e.patch_embedding.weight
        b, p = pixels.shape[0], w.shape[-1]
        g = pixels.shape[-1] // p
        x = pixels.view(b, 3, g, p, g, p).permute(0, 2, 4, 1, 3, 5).reshape(b, g * g, -1)
        x = F.linear(x, w.flatten(1))
        x = torch.cat([e.class_embedding.to(x.dtype).expand(b, 1, -1), x], 1) + e.position_embedding.weight.to(x.dtype)
        x = self.pre_layrnorm(x)
        for layer in self.encoder.layers:
            x = layer(x)
        return x[:, 1:]


class Repad(torch.autograd.Function):
    """Rows by index, where `back` says where each row of x went; no gradient flows into padding rows."""

    @staticmethod
    def forward(ctx, x, index, back):
        ctx.save_for_backward(back)
        return x.index_select(0, index)

    @staticmethod
    def backward(ctx, g):
        return g.index_select(0, ctx.saved_tensors[0]), None, None


def _rms(x, w):
    x = x.float()
    return (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + TEXT["eps"]) * w).to(ACT)


def _rope(x, cos, sin):
    """x [N,heads,64]; half-split rotation."""
    x = x.float()
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(ACT)


def _gated(gate, up):
    return F.silu(gate.float()).mul(up.float()).to(ACT)


rms, rope, gated = _rms, _rope, _gated
ACT = torch.bfloat16


def compile_small():
    """Fuses the element-wise parts; the matrix products stay the library's."""
    global rms, rope, gated
    rms, rope, gated = (torch.compile(f, dynamic=True) for f in (_rms, _rope, _gated))


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return rms(x, self.weight)


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, kv_heads, head_dim, ffn, **_):
        super().__init__()
        self.heads, self.kv, self.dim = heads, kv_heads, head_dim
        q, kv = heads * head_dim, kv_heads * head_dim
        self.self_attn = nn.ModuleDict({
            "q_proj": Linear(width, q, bias=False), "k_proj": Linear(width, kv, bias=False),
            "v_proj": Linear(width, kv, bias=False), "o_proj": Linear(q, width, bias=False)})
        self.mlp = nn.ModuleDict({
            "gate_proj": Linear(width, ffn, bias=False), "up_proj": Linear(width, ffn, bias=False),
            "down_proj": Linear(ffn, width, bias=False)})
        self.input_layernorm, self.post_attention_layernorm = Norm(width), Norm(width)

    def forward(self, x, plan):
        h = self.input_layernorm(x)
        n, a = x.shape[0], self.self_attn
        q = rope(a["q_proj"](h).view(n, self.heads, self.dim), plan.cos, plan.sin)
        k = rope(a["k_proj"](h).view(n, self.kv, self.dim), plan.cos, plan.sin)
        v = a["v_proj"](h)
        h = self.attention(q.reshape(n, -1), k.reshape(n, -1), v, plan)
        x = x + a["o_proj"](h)
        h = self.post_attention_layernorm(x)
        return x + self.mlp["down_proj"](gated(self.mlp["gate_proj"](h), self.mlp["up_proj"](h)))

    def fold(self, t, batch, length):
        """[batch*length, kv*g*dim] -> [batch, kv, g*length, dim]: the queries of a group share its keys."""
        g = t.shape[-1] // (self.kv * self.dim)
        return t.view(batch, length, self.kv, g, self.dim).permute(0, 2, 3, 1, 4).reshape(batch, self.kv, g * length, self.dim)

    def unfold(self, t, batch, length):
        g = t.shape[2] // length
        return t.view(batch, self.kv, g, length, self.dim).permute(0, 3, 1, 2, 4).reshape(batch * length, -1)

    def attention(self, q, k, v, plan):
        b, p = plan.images, plan.prefix
        cut = b * p
        kp, vp = self.fold(k[:cut], b, p), self.fold(v[:cut], b, p)
        out = [self.unfold(attend(self.fold(q[:cut], b, p), kp, vp, plan.prefix_mask), b, p)]
        for g in plan.groups:
            m, per = g.rows, g.rows // b
            shape = (b, per, self.kv, p, self.dim)
            qg, kg, vg = (self.fold(Repad.apply(t, g.index, g.back) * g.real, m, g.length) for t in
                          (q[g.start:g.end], k[g.start:g.end], v[g.start:g.end]))
            kg = torch.cat([kp[:, None].expand(shape).reshape(m, self.kv, p, self.dim), kg], 2)
            vg = torch.cat([vp[:, None].expand(shape).reshape(m, self.kv, p, self.dim), vg], 2)
            o = self.unfold(attend(qg, kg, vg, g.mask), m, g.length)
            out.append(Unpad.apply(o, g.back, g.index, g.real))
        return torch.cat(out)


class Unpad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, back, index, real):
        ctx.save_for_backward(index, real)
        return x.index_select(0, back)

    @staticmethod
    def backward(ctx, g):
        index, real = ctx.saved_tensors
        return g.index_select(0, index) * real, None, None, None


class Pocket(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        d = TEXT["width"]
        self.vision_tower = VisionTower(**VISION)
        self.multi_modal_projector = nn.ModuleDict({
            "linear_1": nn.Linear(VISION["width"], d), "linear_2": nn.Linear(d, d)})
        self.language_model = nn.Module()
        self.language_model.embed_tokens = nn.Embedding(vocab, d)
        self.language_model.layers = nn.ModuleList(DecoderLayer(**TEXT) for _ in range(TEXT["layers"]))
        self.language_model.norm = Norm(d)
        nn.init.normal_(self.language_model.embed_tokens.weight, std=0.05)
        for layer in self.language_model.layers:
            for name, m in [*layer.self_attn.items(), *layer.mlp.items()]:
                scale = (2 * TEXT["layers"]) ** -0.5 if name in ("o_proj", "down_proj") else 1
                nn.init.normal_(m.weight, std=scale * m.weight.shape[1] ** -0.5 * 0.7)
        self.quantize_embeddings = False

    def quantization_aware(self):
        for layer in self.language_model.layers:
            for m in [*layer.self_attn.values(), *layer.mlp.values()]:
                m.quantizer = q4
        for layer in self.vision_tower.encoder.layers:
            for m in [*layer.self_attn.values(), *layer.mlp.values()]:
                m.quantizer = q8
        self.quantize_embeddings = True

    def embedding(self):
        w = self.language_model.embed_tokens.weight
        return straight_through(w, q8) if self.quantize_embeddings else w

    def see(self, pixels):
        features = self.vision_tower(pixels)
        p = self.multi_modal_projector
        return features, p["linear_2"](F.gelu(p["linear_1"](features)))

    def forward(self, pixels, plan, keep=()):
        """-> features, visual tokens, {layer: hidden states}, final hidden states [N,D], embedding table."""
        features, visual = self.see(pixels)
        table = self.embedding()
        b, d = pixels.shape[0], table.shape[1]
        head, tail = F.embedding(plan.head, table), F.embedding(plan.tail, table)
        prefix = torch.cat([head.expand(b, -1, d), visual.to(table.dtype), tail.expand(b, -1, d)], 1)
        x = torch.cat([prefix.reshape(-1, d), F.embedding(plan.ids, table)])
        kept = {}
        for i, layer in enumerate(self.language_model.layers):
            x = layer(x, plan)
            if i + 1 in keep:
                kept[i + 1] = x
        return features, visual, kept, x, table

    def logits(self, hidden, table):
        return F.linear(self.language_model.norm(hidden), table)
