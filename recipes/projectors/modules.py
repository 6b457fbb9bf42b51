"""Honeybee's C- and D-Abstractor and resampler as plain PyTorch modules, under their official tensor names. Cha et al. 2024, arXiv:2312.06742.

Each takes the `projector_config` of a checkpoint as a dict, with the encoder's width (`encoder_hidden_size`) and the decoder's
(`output_hidden_size`) in it, and `positions`, the number of features per image. x [B, N, C] -> visual tokens [B, M + e, D]. No dropout.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each pixel, [B, C, H, W]."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.bn = ChannelNorm(outputs, eps=1e-5)

    def forward(self, x):
        return self.bn(self.conv(x))


class SqueezeExcite(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1 = nn.Conv2d(width, inner, 1)
        self.fc2 = nn.Conv2d(inner, width, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.silu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    """A RegNet bottleneck of ratio 1 whose 3x3 convolution is depthwise."""

    def __init__(self, inputs, width):
        super().__init__()
        self.conv1 = Conv(inputs, width)
        self.conv2 = Conv(width, width, 3, groups=width)
        self.se = SqueezeExcite(width, round(inputs * 0.25))
        self.conv3 = Conv(width, width)
        self.downsample = Conv(inputs, width) if inputs != width else nn.Identity()

    def forward(self, x):
        t = F.silu(self.conv2(F.silu(self.conv1(x))))
        return F.silu(self.conv3(self.se(t)) + self.downsample(x))


def stage(depth, inputs, width):
    blocks = nn.Sequential()
    for i in range(depth):
        blocks.add_module(f"b{i + 1}", Block(inputs if i == 0 else width, width))
    return blocks


def shared(config, key, *shape):
    """A parameter that the config asks for, or none."""
    return nn.Parameter(torch.zeros(1, *shape)) if config.get(key) else None


def with_ends(x, ends):
    return x if ends is None else torch.cat([x, ends.expand(len(x), -1, -1)], 1)


class CAbstractor(nn.Module):
    def __init__(self, config, positions):
        super().__init__()
        inputs, width, outputs = (config[f"{name}hidden_size"] for name in ("encoder_", "", "output_"))
        depth = config["depth"]
        self.pos_emb = shared(config, "pos_emb", positions, inputs)
        self.prenorm = nn.LayerNorm(inputs, eps=1e-6) if config.get("prenorm") else None
        pool = nn.AdaptiveAvgPool2d(math.isqrt(config["num_query_tokens"]))
        self.net = nn.Sequential(stage(depth, inputs, width), pool, stage(depth, width if depth else inputs, width))
        layers = [nn.Linear(width if depth else inputs, outputs)]
        for _ in range(config["mlp_depth"] - 1):
            layers += [nn.SiLU(), nn.Linear(outputs, outputs)]
        self.readout = nn.Sequential(*layers)
        self.eos_tokens = shared(config, "num_eos_tokens", config["num_eos_tokens"], outputs)

    def forward(self, x):
        if self.prenorm is not None:
            x = self.prenorm(x)
        if self.pos_emb is not None:
            x = x + self.pos_emb
        side = math.isqrt(x.shape[1])
        x = self.net(x.transpose(1, 2).unflatten(2, (side, side)))
        return with_ends(self.readout(x.flatten(2).transpose(1, 2)), self.eos_tokens)


def heads_of(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attend(q, k, v, heads):
    y = F.scaled_dot_product_attention(*(heads_of(part, heads) for part in (q, k, v)))
    return y.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(width, width))

    def forward(self, h, position):
        place = h + position
        return self.out_proj(attend(self.q_proj(place), self.k_proj(place), self.v_proj(h), self.heads))


class DeformableAttention(nn.Module):
    def __init__(self, width, heads, levels, points):
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling_offsets = nn.Linear(width, heads * levels * points * 2)
        self.attention_weights = nn.Linear(width, heads * levels * points)
        self.value_proj = nn.Linear(width, width)
        self.output_proj = nn.Linear(width, width)

    def forward(self, z, maps, reference):
        """z [B, M, d]; maps [B, L, N, d]; reference [1, M, 2] as (x, y) in [0, 1]."""
        images, queries, _ = z.shape
        side = math.isqrt(maps.shape[2])
        grouped = (images, queries, self.heads, self.levels, self.points)
        offsets = self.sampling_offsets(z).view(*grouped, 2) / side
        weights = self.attention_weights(z).view(images, queries, self.heads, -1).softmax(-1).view(grouped)
        places = 2 * (reference[:, :, None, None, None] + offsets) - 1
        values = self.value_proj(maps).unflatten(-1, (self.heads, -1))
        y = 0
        for level in range(self.levels):
            value = values[:, level].permute(0, 2, 3, 1).reshape(images * self.heads, -1, side, side)
            grid = places[:, :, :, level].transpose(1, 2).flatten(0, 1)
            seen = F.grid_sample(value, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
            y = y + (seen * weights[:, :, :, level].transpose(1, 2).flatten(0, 1)[:, None]).sum(-1)
        return self.output_proj(y.view(images, -1, queries).transpose(1, 2))


class DeformableLayer(nn.Module):
    def __init__(self, config, width):
        super().__init__()
        heads = config["decoder_attention_heads"]
        self.self_attn = SelfAttention(width, heads)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.encoder_attn = DeformableAttention(width, heads, config["num_feature_levels"], config["decoder_n_points"])
        self.encoder_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config["decoder_ffn_dim"])
        self.fc2 = nn.Linear(config["decoder_ffn_dim"], width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, h, position, maps, reference):
        h = self.self_attn_layer_norm(h + self.self_attn(h, position))
        h = self.encoder_attn_layer_norm(h + self.encoder_attn(h + position, maps, reference))
        return self.final_layer_norm(h + self.fc2(F.relu(self.fc1(h))))


class DAbstractor(nn.Module):
    """x [B, L * N, C], of L feature levels (num_feature_levels) one below the other, with `positions` features each."""

    def __init__(self, config, positions):
        super().__init__()
        inputs, width, outputs = config["encoder_hidden_size"], config["d_model"], config["output_hidden_size"]
        self.tokens = config["num_query_tokens"]
        self.pooled = config["pooled_v_target"]
        self.levels = config["num_feature_levels"]
        self.input_proj = nn.ModuleList(nn.Linear(inputs, width) for _ in range(self.levels if inputs != width else 0))
        self.v_pos_emb = shared(config, "pos_emb", positions, width)
        self.level_emb = nn.Parameter(torch.zeros(1, self.levels, 1, width)) if self.levels > 1 else None
        self.query_position_embeddings = nn.Embedding(self.tokens, width * (2 if self.pooled == "none" else 1))
        side, across = math.isqrt(self.tokens), math.isqrt(positions)
        line = torch.linspace(0.5, across - 0.5, side) / across
        y, x = torch.meshgrid(line, line, indexing="ij")
        self.reference_points = nn.Parameter(torch.stack([x, y], -1).view(1, self.tokens, 2))
        self.layers = nn.ModuleList(DeformableLayer(config, width) for _ in range(config["decoder_layers"]))
        self.eos_tokens = shared(config, "num_eos_tokens", config["num_eos_tokens"], width)
        self.output_proj = nn.Linear(width, outputs) if width != outputs else nn.Identity()

    def forward(self, x):
        maps = x.unflatten(1, (self.levels, -1))
        if self.input_proj:
            maps = torch.stack([project(maps[:, level]) for level, project in enumerate(self.input_proj)], 1)
        for learned in (self.v_pos_emb, self.level_emb):
            if learned is not None:
                maps = maps + (learned[:, None] if learned.dim() == 3 else learned)
        learned = self.query_position_embeddings.weight.expand(len(x), -1, -1)
        side = math.isqrt(maps.shape[2])
        pool = F.adaptive_avg_pool2d(maps[:, 0].transpose(1, 2).unflatten(2, (side, side)), math.isqrt(self.tokens))
        pooled = pool.flatten(2).transpose(1, 2)
        position, h = {
            "query": lambda: (pooled, learned),
            "tgt": lambda: (learned, pooled),
            "none": lambda: learned.chunk(2, -1),
        }[self.pooled]()
        for layer in self.layers:
            h = layer(h, position, maps, self.reference_points)
        return self.output_proj(with_ends(h, self.eos_tokens))


class GatedMlp(nn.Module):
    def __init__(self, width, inner, eps):
        super().__init__()
        self.w1, self.w3 = nn.Linear(width, inner), nn.Linear(width, inner)
        self.ffn_ln = nn.LayerNorm(inner, eps=eps)
        self.w2 = nn.Linear(inner, width)

    def forward(self, x):
        return self.w2(self.ffn_ln(F.silu(self.w1(x)) * self.w3(x)))


class ResamplerLayer(nn.Module):
    """The tensors lie in a tree of modules, as the official names say; the residual path begins at the normed queries."""

    def __init__(self, config):
        super().__init__()
        width = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        attention, output = nn.Module(), nn.Module()
        for name in ("query", "key", "value"):
            setattr(attention, name, nn.Linear(width, width))
        output.out_proj = nn.Linear(width, width)
        output.norm2 = nn.LayerNorm(width)
        output.mlp = GatedMlp(width, config["intermediate_size"], config["layer_norm_eps"])
        self.crossattention = nn.Module()
        self.crossattention.attention, self.crossattention.output = attention, output
        self.crossattention.norm1, self.crossattention.normk = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, h, seen):
        cross = self.crossattention
        queries = cross.norm1(h)
        both = torch.cat([queries, cross.normk(seen)], 1)
        q, k, v = cross.attention.query(queries), cross.attention.key(both), cross.attention.value(both)
        t = queries + cross.output.out_proj(attend(q, k, v, self.heads))
        return t + cross.output.mlp(cross.output.norm2(t))


class Resampler(nn.Module):
    def __init__(self, config, positions):
        super().__init__()
        inputs, width, outputs = (config[f"{name}hidden_size"] for name in ("encoder_", "", "output_"))
        self.pos_emb = shared(config, "pos_emb", positions, inputs)
        self.query_tokens = nn.Parameter(torch.zeros(1, config["num_query_tokens"], width))
        self.visual_input_fc = nn.Linear(inputs, width)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(ResamplerLayer(config) for _ in range(config["num_hidden_layers"]))
        self.visual_output_fc = nn.Linear(width, outputs)
        self.vit_eos = shared(config, "num_eos_tokens", config["num_eos_tokens"], outputs)

    def forward(self, x):
        seen = self.visual_input_fc(x if self.pos_emb is None else x + self.pos_emb)
        h = self.query_tokens.expand(len(x), -1, -1)
        for layer in self.encoder.layers:
            h = layer(h, seen)
        return with_ends(self.visual_output_fc(h), self.vit_eos)
