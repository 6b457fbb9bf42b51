"""Graphs of what the bench computes through onnxruntime-web beside Beagle, at the size of a C-Abstractor of 256 features.

python make_onnx.py ../../bench/onnx

Weights are inputs, so that the files stay small; the page feeds them. Maps are [1, C, H, W], as ONNX has them. `sampling` is what a
deformable attention exported from PyTorch looks like: one GridSample over heads as the batch, weighted and summed over the points.
`gridSample` and `gridSample16` are that operator alone, of any size, in f32 and f16.
"""
import argparse
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, WIDTH, REDUCED, OUT = 16, 1024, 256, 4096
QUERIES, HEADS, POINTS = 144, 8, 4
HEAD = WIDTH // HEADS
MAP = [1, WIDTH, SIDE, SIDE]
GRID = {"mode": "bilinear", "padding_mode": "zeros", "align_corners": 0}


class Graph:
    def __init__(self, inputs, kind=TensorProto.FLOAT):
        self.nodes, self.constants, self.kind = [], [], kind
        self.inputs = [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()]

    def __call__(self, kind, *inputs, output=None, **attributes):
        name = output or f"t{len(self.nodes)}"
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def save(self, folder, name, shape):
        y = helper.make_tensor_value_info("y", self.kind, shape)
        graph = helper.make_graph(self.nodes, name, self.inputs, [y], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="beagle")
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, os.path.join(folder, f"{name}.onnx"))


def silu(g, x, **rest):
    return g("Mul", x, g("Sigmoid", x), **rest)


def conv(g, x, weight, side=1, group=1, **rest):
    pad = side // 2
    shape = {"kernel_shape": [side, side], "pads": [pad] * 4, "strides": [1, 1], "dilations": [1, 1]}
    return g("Conv", x, weight, group=group, **shape, **rest)


def channel_norm(g, x, gain, bias):
    """LayerNorm over the channels of each pixel, as timm's LayerNorm2d is exported."""
    rows = g("Transpose", x, perm=[0, 2, 3, 1])
    return g("Transpose", g("LayerNormalization", rows, gain, bias, axis=-1, epsilon=1e-5), perm=[0, 3, 1, 2])


def pointwise(folder):
    g = Graph({"x": MAP, "weight": [WIDTH, WIDTH, 1, 1]})
    conv(g, "x", "weight", output="y")
    g.save(folder, "pointwise", MAP)


def depthwise(folder):
    g = Graph({"x": MAP, "weight": [WIDTH, 1, 3, 3]})
    conv(g, "x", "weight", side=3, group=WIDTH, output="y")
    g.save(folder, "depthwise", MAP)


def norm(folder):
    g = Graph({"x": [SIDE * SIDE, WIDTH], "gain": [WIDTH], "bias": [WIDTH]})
    silu(g, g("LayerNormalization", "x", "gain", "bias", axis=-1, epsilon=1e-5), output="y")
    g.save(folder, "norm", [SIDE * SIDE, WIDTH])


def block(folder):
    norms = {f"{what}{i}": [WIDTH] for i in (1, 2, 3) for what in ("gain", "bias")}
    squeeze = {"squeeze": [REDUCED, WIDTH, 1, 1], "squeezeBias": [REDUCED], "excite": [WIDTH, REDUCED, 1, 1], "exciteBias": [WIDTH]}
    convs = {"conv1": [WIDTH, WIDTH, 1, 1], "conv2": [WIDTH, 1, 3, 3], "conv3": [WIDTH, WIDTH, 1, 1]}
    g = Graph({"x": MAP} | convs | norms | squeeze)
    wide = silu(g, channel_norm(g, conv(g, "x", "conv1"), "gain1", "bias1"))
    local = silu(g, channel_norm(g, conv(g, wide, "conv2", side=3, group=WIDTH), "gain2", "bias2"))
    shape = {"kernel_shape": [1, 1], "pads": [0] * 4, "strides": [1, 1], "dilations": [1, 1]}
    inner = silu(g, g("Conv", g("GlobalAveragePool", local), "squeeze", "squeezeBias", **shape))
    gated = g("Mul", local, g("Sigmoid", g("Conv", inner, "excite", "exciteBias", **shape)))
    silu(g, g("Add", channel_norm(g, conv(g, gated, "conv3"), "gain3", "bias3"), "x"), output="y")
    g.save(folder, "block", MAP)


def mlp(folder):
    rows = SIDE * SIDE
    g = Graph({"x": [rows, WIDTH], "w1": [WIDTH, OUT], "b1": [OUT], "w2": [OUT, OUT], "b2": [OUT]})
    inner = silu(g, g("Add", g("MatMul", "x", "w1"), "b1"))
    g("Add", g("MatMul", inner, "w2"), "b2", output="y")
    g.save(folder, "mlp", [rows, OUT])


def sampling(folder):
    chosen = [QUERIES, HEADS, POINTS]
    g = Graph({"value": [SIDE * SIDE, WIDTH], "locations": [*chosen, 2], "weights": chosen})
    heads = g("Transpose", g("Reshape", "value", [SIDE * SIDE, HEADS, HEAD]), perm=[1, 2, 0])
    grid = g("Transpose", g("Sub", g("Mul", "locations", np.float32(2)), np.float32(1)), perm=[1, 0, 2, 3])
    seen = g("GridSample", g("Reshape", heads, [HEADS, HEAD, SIDE, SIDE]), grid, **GRID)
    share = g("Unsqueeze", g("Transpose", "weights", perm=[1, 0, 2]), [1])
    summed = g("ReduceSum", g("Mul", seen, share), [3], keepdims=0)
    g("Reshape", g("Transpose", summed, perm=[2, 0, 1]), [QUERIES, WIDTH], output="y")
    g.save(folder, "sampling", [QUERIES, WIDTH])


def grid_sample(folder, name, kind):
    g = Graph({"x": ["n", "c", "h", "w"], "grid": ["n", "oh", "ow", 2]}, kind)
    g("GridSample", "x", "grid", output="y", **GRID)
    g.save(folder, name, ["n", "c", "oh", "ow"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)
    for make in (pointwise, depthwise, norm, block, mlp, sampling):
        make(folder)
    grid_sample(folder, "gridSample", TensorProto.FLOAT)
    grid_sample(folder, "gridSample16", TensorProto.FLOAT16)


if __name__ == "__main__":
    main()
