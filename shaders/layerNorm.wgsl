// layerNorm: y[r, i] = (x[r, i] - mean_r) · gain[i] / sqrt(variance_r + eps) + bias[i], the variance without Bessel's correction
// x, y [rows, width]; gain, bias [width]. Ba, Kiros & Hinton 2016, arXiv:1607.06450.
// One workgroup per row: its invocations stride over the row, once for the mean and once for the squares of the differences
// from it, so that a large mean costs no digits; each sum ends as a tree.
import package::act::Act;
import package::flat::flatIndex;

struct Params { rows: u32, width: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;

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
