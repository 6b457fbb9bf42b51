// rmsNorm: y[r, i] = x[r, i] · gain[i] / sqrt(mean_i x[r, i]² + eps)
// x, y [rows, width]; gain [width]. Zhang & Sennrich 2019, arXiv:1910.07467; as in LlamaRMSNorm.
// forward: one workgroup per row; its invocations stride over the row, then add up their sums of squares as a tree. forwardRows: one
// invocation per row, whose width is a multiple of 4, for devices where many rows go side by side as well as one does.
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

const SIZE = 64u;
var<workgroup> partial: array<f32, SIZE>;

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
  partial[local] = sum;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  let scale = inverseSqrt(partial[0] / f32(params.width) + params.eps);
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
