// layerNorm: y[r, i] = (x[r, i] - mean_r) · gain[i] / sqrt(variance_r + eps) + bias[i], the variance without Bessel's correction
// x, y [rows, width]; gain, bias [width]. Ba, Kiros & Hinton 2016, arXiv:1607.06450.
// The variance is of the differences from the mean, in a second look at the row, so that a large mean costs no digits.
// forward: one workgroup per row; its invocations stride over the row, and each sum ends as a tree. forwardRows: one invocation per
// row, whose width is a multiple of 4, for devices where many rows go side by side as well as one does.
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

const SIZE = 64u;
var<workgroup> partial: array<f32, SIZE>;

fn sumOfAll(local: u32, value: f32) -> f32 {
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
  let mean = sumOfAll(local, sum) / size;
  var squares = 0.0;
  for (var i = local; i < params.width; i += SIZE) {
    let offset = f32(x[start + i]) - mean;
    squares += offset * offset;
  }
  let scale = inverseSqrt(sumOfAll(local, squares) / size + params.eps);
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
