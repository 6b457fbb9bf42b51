// matvec: linear of one row, y[n] = act(sum_k x'[k] · weight[n, k] + bias[n]) + residual[n], where x' is x or, fused,
// rmsNorm(x): x · gain / sqrt(mean x² + eps). GATED: weight holds gate rows, then up rows; y[n] = act(gate_n · x') · (up_n · x').
// x [cols]; weight [outs, cols] ([2 · outs, cols] when gated); y, residual [stride].
// LANES invocations share a row of the weight, block by block, and add up through workgroup memory.
import package::act::Act;
import package::weight::{loadBlock, blockWeight4, blockScale};
import package::activations::activate;

struct Params { cols: u32, outs: u32, firstOut: u32, eps: f32, hasBias: u32, hasResidual: u32, activation: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Act>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;

override NORM: bool = false;
override GATED: bool = false;
override LANES: u32 = 16u; // a power of 2

const SIZE = 64u;
var<workgroup> partial: array<f32, SIZE>;
var<workgroup> partialUp: array<f32, SIZE>;

// 1 / sqrt(mean x² + eps), the same in every invocation.
fn normScale(local: u32) -> f32 {
  var sum = 0.0;
  for (var k = local; k < params.cols; k += SIZE) {
    let value = f32(x[k]);
    sum += value * value;
  }
  partial[local] = sum;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  let total = partial[0];
  workgroupBarrier();
  return inverseSqrt(total / f32(params.cols) + params.eps);
}

fn element(k: u32) -> f32 {
  if (k >= params.cols) { return 0.0; }
  if (NORM) { return f32(x[k]) * gain[k]; }
  return f32(x[k]);
}

fn dotBlock(row: u32, block: u32, blocks: u32) -> f32 {
  let at = row * blocks + block;
  let values = loadBlock(at);
  var sum = 0.0;
  for (var k = 0u; k < 8u; k++) {
    let col = 32u * block + 4u * k;
    let v = vec4f(element(col), element(col + 1u), element(col + 2u), element(col + 3u));
    sum += dot(v, blockWeight4(values, k));
  }
  return sum * blockScale(at);
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let out = (workgroup.y * count.x + workgroup.x) * (SIZE / LANES) + local / LANES;
  let row = min(out, params.outs - 1u);
  let blocks = (params.cols + 31u) / 32u;
  var scale = 1.0;
  if (NORM) { scale = normScale(local); }
  var sum = 0.0;
  var sumUp = 0.0;
  for (var block = lane; block < blocks; block += LANES) {
    sum += dotBlock(row, block, blocks);
    if (GATED) { sumUp += dotBlock(params.outs + row, block, blocks); }
  }
  partial[local] = sum;
  partialUp[local] = sumUp;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[local] += partial[local + half];
      partialUp[local] += partialUp[local + half];
    }
    workgroupBarrier();
  }
  if (lane != 0u || out >= params.outs) { return; }
  let n = params.firstOut + out;
  var value = partial[local] * scale;
  if (params.hasBias == 1u) { value += bias[n]; }
  value = activate(value, params.activation);
  if (GATED) { value *= partialUp[local] * scale; }
  if (params.hasResidual == 1u) { value += f32(residual[n]); }
  y[n] = Act(value);
}
