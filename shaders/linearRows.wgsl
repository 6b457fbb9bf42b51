// What linear.wgsl and linearShuffled.wgsl share: y[t, n] = act(sum_k x[t, k] · weight[n, k] + bias[n]) + residual[t, n]
// x [rows, cols]; weight [outs, cols], rows firstOut .. of y's columns where a weight is split; y, residual [rows, stride].
import package::act::{Act, Act4};
import package::activations::activate;

// tile is always 8: as a parameter it keeps drivers from unrolling loops over stores, which compile slowly.
struct Params {
  rows: u32, cols: u32, outs: u32, firstOut: u32, stride: u32, hasBias: u32, hasResidual: u32, activation: u32, tile: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> x4: array<Act4>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Act>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;

override ALIGNED: bool = false; // cols is a multiple of 4, so that x4 may be read

fn element(at: u32, col: u32) -> f32 {
  if (col >= params.cols) { return 0.0; }
  return f32(x[at + col]);
}

// Four elements of a row below `rows`; beyond the last column anything finite, because the weights there are 0.
fn loadX4(row: u32, k4: u32) -> vec4f {
  let cols4 = params.cols / 4u;
  if (ALIGNED) { return vec4f(x4[row * cols4 + min(k4, cols4 - 1u)]); }
  let at = row * params.cols;
  let col = 4u * k4;
  return vec4f(element(at, col), element(at, col + 1u), element(at, col + 2u), element(at, col + 3u));
}

fn store(row: u32, out: u32, sum: f32) {
  if (row >= params.rows || out >= params.outs) { return; }
  let n = params.firstOut + out;
  var value = sum;
  if (params.hasBias == 1u) { value += bias[n]; }
  value = activate(value, params.activation);
  if (params.hasResidual == 1u) { value += f32(residual[row * params.stride + n]); }
  y[row * params.stride + n] = Act(value);
}
