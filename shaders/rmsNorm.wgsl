// rmsNorm: y[r, i] = x[r, i] · gain[i] / sqrt(mean_i x[r, i]² + eps)
// x, y [rows, width]; gain [width]. Zhang & Sennrich 2019, arXiv:1910.07467; as in LlamaRMSNorm.
// forward, backward: one workgroup per row; its invocations stride over the row, then add up their sums as a tree. forwardRows,
// backwardRows: one invocation per row, whose width is a multiple of 4, for devices where many rows go side by side as well as one does.
import package::act::{Act, Act4};
import package::flat::flatIndex;

struct Params { rows: u32, width: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Act>;
@group(0) @binding(4) var<storage, read> x4: array<Act4>;
@group(0) @binding(5) var<storage, read> gain4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(7) var<storage, read> dy: array<Act>;
@group(0) @binding(8) var<storage, read> dy4: array<Act4>;
@group(0) @binding(9) var<storage, read_write> dx: array<Act>;
@group(0) @binding(10) var<storage, read_write> dx4: array<Act4>;
@group(0) @binding(11) var<storage, read_write> scales: array<f32>;
@group(0) @binding(12) var<storage, read_write> dGain: array<f32>;

const SIZE = 64u;
var<workgroup> partial: array<vec2f, SIZE>;

fn sumOfAll(local: u32, value: vec2f) -> vec2f {
  partial[local] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  return partial[0];
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, 0u, 1u);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  var sum = 0.0;
  for (var i = local; i < params.width; i += SIZE) {
    let value = f32(x[start + i]);
    sum += value * value;
  }
  let scale = inverseSqrt(sumOfAll(local, vec2f(sum, 0.0)).x / f32(params.width) + params.eps);
  for (var i = local; i < params.width; i += SIZE) {
    y[start + i] = Act(f32(x[start + i]) * scale * gain[i]);
  }
}

@compute @workgroup_size(8)
fn forwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  var squares = vec4f();
  for (var i = 0u; i < width4; i++) {
    let value = vec4f(x4[start + i]);
    squares += value * value;
  }
  let scale = inverseSqrt(dot(squares, vec4f(1.0)) / f32(params.width) + params.eps);
  for (var i = 0u; i < width4; i++) { y4[start + i] = Act4(vec4f(x4[start + i]) * scale * gain4[i]); }
}

// With s = 1 / sqrt(mean_i x[r, i]² + eps): dx[r, i] = s · gain[i] · dy[r, i] - x[r, i] · s³ · mean_j (gain[j] · dy[r, j] · x[r, j]).
// scales[r] = s, which the gain's gradient needs.
@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, 0u, 1u);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  var sums = vec2f(); // of x² and of gain · dy · x
  for (var i = local; i < params.width; i += SIZE) {
    let value = f32(x[start + i]);
    sums += value * vec2f(value, gain[i] * f32(dy[start + i]));
  }
  let means = sumOfAll(local, sums) / f32(params.width);
  let scale = inverseSqrt(means.x + params.eps);
  let pull = scale * scale * means.y;
  for (var i = local; i < params.width; i += SIZE) {
    dx[start + i] = Act(scale * (gain[i] * f32(dy[start + i]) - pull * f32(x[start + i])));
  }
  if (local == 0u) { scales[row] = scale; }
}

@compute @workgroup_size(8)
fn backwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  var squares = vec4f();
  var products = vec4f();
  for (var i = 0u; i < width4; i++) {
    let value = vec4f(x4[start + i]);
    squares += value * value;
    products += value * gain4[i] * vec4f(dy4[start + i]);
  }
  let scale = inverseSqrt(dot(squares, vec4f(1.0)) / f32(params.width) + params.eps);
  let pull = scale * scale * dot(products, vec4f(1.0)) / f32(params.width);
  for (var i = 0u; i < width4; i++) {
    dx4[start + i] = Act4(scale * (gain4[i] * vec4f(dy4[start + i]) - pull * vec4f(x4[start + i])));
  }
  scales[row] = scale;
}

// dGain[i] += Σ_r dy[r, i] · x[r, i] · scales[r]. One invocation per column.
@compute @workgroup_size(32)
fn backwardGain(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = flatIndex(workgroup, count, local, 32u);
  if (column >= params.width) { return; }
  var sum = 0.0;
  for (var row = 0u; row < params.rows; row++) {
    let at = row * params.width + column;
    sum += f32(dy[at]) * f32(x[at]) * scales[row];
  }
  dGain[column] += sum;
}
