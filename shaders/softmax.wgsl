// softmax: y[r, i] = exp(x[r, i]) / Σ_j exp(x[r, j]) over the `width` elements of each of `rows` groups that lie end to end
// One invocation per group, for groups of a few elements.
import package::act::Act;
import package::flat::flatIndex;

struct Params { rows: u32, width: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;
@group(0) @binding(3) var<storage, read> dy: array<Act>;
@group(0) @binding(4) var<storage, read_write> dx: array<Act>;

const SIZE = 64u;

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, SIZE);
  if (row >= params.rows) { return; }
  let begin = row * params.width;
  var largest = -3e38;
  for (var i = begin; i < begin + params.width; i++) { largest = max(largest, f32(x[i])); }
  var sum = 0.0;
  for (var i = begin; i < begin + params.width; i++) { sum += exp(min(f32(x[i]) - largest, 0.0)); }
  for (var i = begin; i < begin + params.width; i++) { y[i] = Act(exp(min(f32(x[i]) - largest, 0.0)) / sum); }
}

// dx[r, i] = y[r, i] · (dy[r, i] - Σ_j y[r, j] · dy[r, j]), with y of the forward pass bound as x
@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, SIZE);
  if (row >= params.rows) { return; }
  let begin = row * params.width;
  var mean = 0.0;
  for (var i = begin; i < begin + params.width; i++) { mean += f32(x[i]) * f32(dy[i]); }
  for (var i = begin; i < begin + params.width; i++) { dx[i] = Act(f32(x[i]) * (f32(dy[i]) - mean)); }
}
