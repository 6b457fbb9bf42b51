// What linearGradient.wgsl and linearGradientShuffled.wgsl share: the gradients of linear, y[t, n] = sum_k x[t, k] · weight[n, k].
// x, dx [rows, cols]; weight [outs, cols], rows firstOut .. of y's columns where a weight is split; dy [rows, stride];
// dWeight [outs, cols padded to 32].
import package::act::{Act, Act4};

// accumulate: dx is added to, because it is the sum over the parts of a weight.
// tile is always 8: as a parameter it keeps drivers from unrolling loops over stores, which compile slowly.
struct Params { rows: u32, cols: u32, outs: u32, firstOut: u32, stride: u32, accumulate: u32, tile: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Act>;
@group(0) @binding(2) var<storage, read> dy4: array<Act4>;
@group(0) @binding(3) var<storage, read> x: array<Act>;
@group(0) @binding(4) var<storage, read> x4: array<Act4>;
@group(0) @binding(5) var<storage, read_write> dx: array<Act>;
@group(0) @binding(6) var<storage, read_write> dWeight: array<vec4f>;

override ALIGNED: bool = false; // outs, firstOut, stride, and cols where x is read, are multiples of 4, so that vec4s may be read

fn dyElement(row: u32, out: u32) -> f32 {
  if (out >= params.outs) { return 0.0; }
  return f32(dy[row * params.stride + params.firstOut + out]);
}

fn xElement(row: u32, col: u32) -> f32 {
  if (col >= params.cols) { return 0.0; }
  return f32(x[row * params.cols + col]);
}

// dy[row, out .. out + 3] for a row below `rows`; beyond the last column of an aligned one, some other of dy.
fn loadDy4(row: u32, out: u32) -> vec4f {
  if (ALIGNED) { return vec4f(dy4[(row * params.stride + params.firstOut + min(out, params.outs - 4u)) / 4u]); }
  return vec4f(dyElement(row, out), dyElement(row, out + 1u), dyElement(row, out + 2u), dyElement(row, out + 3u));
}

// x[row, col .. col + 3] for a row below `rows`; beyond the last column of an aligned one, some other of x.
fn loadX4(row: u32, col: u32) -> vec4f {
  if (ALIGNED) { return vec4f(x4[(row * params.cols + min(col, params.cols - 4u)) / 4u]); }
  return vec4f(xElement(row, col), xElement(row, col + 1u), xElement(row, col + 2u), xElement(row, col + 3u));
}

fn storeDx(row: u32, col: u32, sum: f32) {
  if (row >= params.rows || col >= params.cols) { return; }
  let at = row * params.cols + col;
  var value = sum;
  if (params.accumulate == 1u) { value += f32(dx[at]); }
  dx[at] = Act(value);
}

// sums: dWeight[out, 4 col4 .. 4 col4 + 3]
fn addWeights(out: u32, col4: u32, sums: vec4f) {
  if (out >= params.outs || 4u * col4 >= params.cols) { return; }
  dWeight[out * 8u * ((params.cols + 31u) / 32u) + col4] += sums;
}
