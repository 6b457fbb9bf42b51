// normActivation: y[r, i] = activate(p[r, i], KIND) with p[r, i] = n[r, i] · gain[i] + bias[i] + residual[r, i] (where RESIDUAL) and
// n[r, i] = (x[r, i] - mean_r) · s_r, s_r = 1 / sqrt(variance_r + eps): what stands between the convolutions of a RegNet block.
// x, residual, y [rows, width]; gain, bias [width]; statistics [rows] holds (mean_r, s_r), for the backward pass.
// forward, backward: one workgroup per row; its invocations stride over the row, and each sum ends as a tree. forwardRows, backwardRows:
// one invocation per row, whose width is a multiple of 4, for devices where many rows go side by side as well as one does.
import package::act::{Act, Act4};
import package::activations::{activate, slope};
import package::flat::flatIndex;

struct Params { rows: u32, width: u32, eps: f32 }

override KIND: u32 = 0u;
override RESIDUAL: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Act>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;
@group(0) @binding(6) var<storage, read_write> statistics: array<vec2f>;
@group(0) @binding(7) var<storage, read> x4: array<Act4>;
@group(0) @binding(8) var<storage, read> gain4: array<vec4f>;
@group(0) @binding(9) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(10) var<storage, read> residual4: array<Act4>;
@group(0) @binding(11) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(12) var<storage, read> known: array<vec2f>;
@group(0) @binding(13) var<storage, read> dy: array<Act>;
@group(0) @binding(14) var<storage, read_write> flow: array<Act>;
@group(0) @binding(15) var<storage, read_write> dx: array<Act>;
@group(0) @binding(16) var<storage, read> dy4: array<Act4>;
@group(0) @binding(17) var<storage, read_write> flow4: array<Act4>;
@group(0) @binding(18) var<storage, read_write> dx4: array<Act4>;
@group(0) @binding(19) var<storage, read_write> dGain: array<f32>;
@group(0) @binding(20) var<storage, read_write> dBias: array<f32>;
@group(0) @binding(21) var<storage, read_write> dGain4: array<vec4f>;
@group(0) @binding(22) var<storage, read_write> dBias4: array<vec4f>;

const SIZE = 64u;
var<workgroup> partial: array<vec2f, SIZE>;

fn sumOfAll(local: u32, value: vec2f) -> vec2f {
  workgroupBarrier();
  partial[local] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  return partial[0];
}

// p of a place whose normalized value is n.
fn scaled(n: f32, at: u32, i: u32) -> f32 {
  var p = n * gain[i] + bias[i];
  if (RESIDUAL) { p += f32(residual[at]); }
  return p;
}

fn scaled4(n: vec4f, at: u32, i: u32) -> vec4f {
  var p = n * gain4[i] + bias4[i];
  if (RESIDUAL) { p += vec4f(residual4[at]); }
  return p;
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, 0u, 1u);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  let size = f32(params.width);
  var sum = 0.0;
  for (var i = local; i < params.width; i += SIZE) { sum += f32(x[start + i]); }
  let mean = sumOfAll(local, vec2f(sum)).x / size;
  var squares = 0.0;
  for (var i = local; i < params.width; i += SIZE) {
    let offset = f32(x[start + i]) - mean;
    squares += offset * offset;
  }
  let scale = inverseSqrt(sumOfAll(local, vec2f(squares)).x / size + params.eps);
  for (var i = local; i < params.width; i += SIZE) {
    y[start + i] = Act(activate(scaled((f32(x[start + i]) - mean) * scale, start + i, i), KIND));
  }
  if (local == 0u) { statistics[row] = vec2f(mean, scale); }
}

@compute @workgroup_size(8)
fn forwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  let each = vec4f(1.0 / f32(params.width));
  var sum = vec4f();
  for (var i = 0u; i < width4; i++) { sum += vec4f(x4[start + i]); }
  let mean = dot(sum, each);
  var squares = vec4f();
  for (var i = 0u; i < width4; i++) {
    let offset = vec4f(x4[start + i]) - mean;
    squares += offset * offset;
  }
  let scale = inverseSqrt(dot(squares, each) + params.eps);
  for (var i = 0u; i < width4; i++) {
    let p = scaled4((vec4f(x4[start + i]) - mean) * scale, start + i, i);
    y4[start + i] = Act4(vec4f(activate(p.x, KIND), activate(p.y, KIND), activate(p.z, KIND), activate(p.w, KIND)));
  }
  statistics[row] = vec2f(mean, scale);
}

// flow = dy · activate'(p, KIND), which is also the residual's gradient; with d = gain · flow:
// dx[r, i] = s_r · (d[i] - mean_j d[j] - n[i] · mean_j d[j] n[j]).
@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, 0u, 1u);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  let mean = known[row].x;
  let scale = known[row].y;
  var sums = vec2f(); // of d and of d · n
  for (var i = local; i < params.width; i += SIZE) {
    let n = (f32(x[start + i]) - mean) * scale;
    let value = f32(dy[start + i]) * slope(scaled(n, start + i, i), KIND);
    flow[start + i] = Act(value);
    sums += value * gain[i] * vec2f(1.0, n);
  }
  let means = sumOfAll(local, sums) / f32(params.width);
  for (var i = local; i < params.width; i += SIZE) {
    let n = (f32(x[start + i]) - mean) * scale;
    dx[start + i] = Act(scale * (gain[i] * f32(flow[start + i]) - means.x - n * means.y));
  }
}

@compute @workgroup_size(8)
fn backwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  let each = vec4f(1.0 / f32(params.width));
  let mean = known[row].x;
  let scale = known[row].y;
  var flows = vec4f();
  var products = vec4f();
  for (var i = 0u; i < width4; i++) {
    let n = (vec4f(x4[start + i]) - mean) * scale;
    let p = scaled4(n, start + i, i);
    let value = vec4f(dy4[start + i]) * vec4f(slope(p.x, KIND), slope(p.y, KIND), slope(p.z, KIND), slope(p.w, KIND));
    flow4[start + i] = Act4(value);
    flows += value * gain4[i];
    products += value * gain4[i] * n;
  }
  let shift = dot(flows, each);
  let pull = dot(products, each);
  for (var i = 0u; i < width4; i++) {
    let n = (vec4f(x4[start + i]) - mean) * scale;
    dx4[start + i] = Act4(scale * (gain4[i] * vec4f(flow4[start + i]) - shift - n * pull));
  }
}

// dGain[i] += Σ_r flow[r, i] · n[r, i]; dBias[i] += Σ_r flow[r, i], with the flow for dy. One invocation per column, or per four.
@compute @workgroup_size(32)
fn backwardGain(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = flatIndex(workgroup, count, local, 32u);
  if (column >= params.width) { return; }
  var sums = vec2f();
  for (var row = 0u; row < params.rows; row++) {
    let at = row * params.width + column;
    sums += f32(dy[at]) * vec2f((f32(x[at]) - known[row].x) * known[row].y, 1.0);
  }
  dGain[column] += sums.x;
  dBias[column] += sums.y;
}

@compute @workgroup_size(8)
fn backwardGain4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = flatIndex(workgroup, count, local, 8u);
  let width4 = params.width / 4u;
  if (column >= width4) { return; }
  var gains = vec4f();
  var sums = vec4f();
  for (var row = 0u; row < params.rows; row++) {
    let value = vec4f(dy4[row * width4 + column]);
    let its = known[row];
    gains += value * (vec4f(x4[row * width4 + column]) - its.x) * its.y;
    sums += value;
  }
  dGain4[column] += gains;
  dBias4[column] += sums;
}
