// layerNorm: y[r, i] = (x[r, i] - mean_r) · gain[i] / sqrt(variance_r + eps) + bias[i], the variance without Bessel's correction
// x, y [rows, width]; gain, bias [width]. Ba, Kiros & Hinton 2016, arXiv:1607.06450.
// The variance is of the differences from the mean, in a second look at the row, so that a large mean costs no digits.
// forward, backward: one workgroup per row; its invocations stride over the row, and each sum ends as a tree. forwardRows, backwardRows:
// one invocation per row, whose width is a multiple of 4, for devices where many rows go side by side as well as one does.
import package::act::{Act, Act4};
import package::flat::flatIndex;

struct Params { rows: u32, width: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;
@group(0) @binding(5) var<storage, read> x4: array<Act4>;
@group(0) @binding(6) var<storage, read> gain4: array<vec4f>;
@group(0) @binding(7) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(9) var<storage, read> dy: array<Act>;
@group(0) @binding(10) var<storage, read> dy4: array<Act4>;
@group(0) @binding(11) var<storage, read_write> dx: array<Act>;
@group(0) @binding(12) var<storage, read_write> dx4: array<Act4>;
@group(0) @binding(13) var<storage, read_write> statistics: array<vec2f>;
@group(0) @binding(14) var<storage, read_write> dGain: array<f32>;

const SIZE = 64u;
var<workgroup> partial: array<vec3f, SIZE>;

fn sumOfAll(local: u32, value: vec3f) -> vec3f {
  workgroupBarrier();
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
  let size = f32(params.width);
  var sum = 0.0;
  for (var i = local; i < params.width; i += SIZE) { sum += f32(x[start + i]); }
  let mean = sumOfAll(local, vec3f(sum)).x / size;
  var squares = 0.0;
  for (var i = local; i < params.width; i += SIZE) {
    let offset = f32(x[start + i]) - mean;
    squares += offset * offset;
  }
  let scale = inverseSqrt(sumOfAll(local, vec3f(squares)).x / size + params.eps);
  for (var i = local; i < params.width; i += SIZE) {
    y[start + i] = Act((f32(x[start + i]) - mean) * scale * gain[i] + bias[i]);
  }
}

@compute @workgroup_size(8)
fn forwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  var sum = vec4f();
  for (var i = 0u; i < width4; i++) { sum += vec4f(x4[start + i]); }
  let mean = dot(sum, vec4f(1.0)) / f32(params.width);
  var squares = vec4f();
  for (var i = 0u; i < width4; i++) {
    let offset = vec4f(x4[start + i]) - mean;
    squares += offset * offset;
  }
  let scale = inverseSqrt(dot(squares, vec4f(1.0)) / f32(params.width) + params.eps);
  for (var i = 0u; i < width4; i++) {
    y4[start + i] = Act4((vec4f(x4[start + i]) - mean) * scale * gain4[i] + bias4[i]);
  }
}

// With s = 1 / sqrt(variance_r + eps), n = (x - mean_r) · s and d = gain · dy: dx[r, i] = s · (d[i] - mean_j d[j] - n[i] · mean_j d[j] n[j]).
// statistics[r] = (mean_r, s), which the gain's gradient needs. The bias's is the sum of dy over the rows (sumRows.wgsl).
@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, 0u, 1u);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  let size = f32(params.width);
  var sum = 0.0;
  for (var i = local; i < params.width; i += SIZE) { sum += f32(x[start + i]); }
  let mean = sumOfAll(local, vec3f(sum)).x / size;
  var sums = vec3f(); // of squared offsets, of d and of d · offset
  for (var i = local; i < params.width; i += SIZE) {
    let offset = f32(x[start + i]) - mean;
    let flow = gain[i] * f32(dy[start + i]);
    sums += vec3f(offset * offset, flow, flow * offset);
  }
  let means = sumOfAll(local, sums) / size;
  let scale = inverseSqrt(means.x + params.eps);
  let pull = scale * scale * means.z;
  for (var i = local; i < params.width; i += SIZE) {
    dx[start + i] = Act(scale * (gain[i] * f32(dy[start + i]) - means.y - pull * (f32(x[start + i]) - mean)));
  }
  if (local == 0u) { statistics[row] = vec2f(mean, scale); }
}

@compute @workgroup_size(8)
fn backwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  let each = vec4f(1.0 / f32(params.width));
  var sum = vec4f();
  for (var i = 0u; i < width4; i++) { sum += vec4f(x4[start + i]); }
  let mean = dot(sum, each);
  var squares = vec4f();
  var flows = vec4f();
  var products = vec4f();
  for (var i = 0u; i < width4; i++) {
    let offset = vec4f(x4[start + i]) - mean;
    let flow = gain4[i] * vec4f(dy4[start + i]);
    squares += offset * offset;
    flows += flow;
    products += flow * offset;
  }
  let scale = inverseSqrt(dot(squares, each) + params.eps);
  let pull = scale * scale * dot(products, each);
  let shift = dot(flows, each);
  for (var i = 0u; i < width4; i++) {
    dx4[start + i] = Act4(scale * (gain4[i] * vec4f(dy4[start + i]) - shift - pull * (vec4f(x4[start + i]) - mean)));
  }
  statistics[row] = vec2f(mean, scale);
}

// dGain[i] += Σ_r dy[r, i] · (x[r, i] - mean_r) · s_r. One invocation per column.
@compute @workgroup_size(32)
fn backwardGain(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = flatIndex(workgroup, count, local, 32u);
  if (column >= params.width) { return; }
  var sum = 0.0;
  for (var row = 0u; row < params.rows; row++) {
    let at = row * params.width + column;
    let known = statistics[row];
    sum += f32(dy[at]) * (f32(x[at]) - known.x) * known.y;
  }
  dGain[column] += sum;
}
