// sumRows: into[c] += sum_r x[r, c]; x [rows, width], into [width]. The gradient of a bias, which every row shares.
// One invocation per column, which takes the rows in order.
import package::act::Act;
import package::flat::flatIndex;

struct Params { rows: u32, width: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> into: array<f32>;

const SIZE = 32u;

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = flatIndex(workgroup, count, local, SIZE);
  if (column >= params.width) { return; }
  var sum = 0.0;
  for (var r = 0u; r < params.rows; r++) { sum += f32(x[r * params.width + column]); }
  into[column] += sum;
}
