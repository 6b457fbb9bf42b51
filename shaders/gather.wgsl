// gather: y[i, c] = x[rows[i], c]; a row of zeros where rows[i] is not below `xRows`
// x [xRows, width]; rows [count]; y [count, width]. One invocation per element.
import package::act::Act;
import package::flat::rowIndex;

struct Params { count: u32, width: u32, xRows: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<Act>;
@group(0) @binding(4) var<storage, read> dy: array<Act>;
@group(0) @binding(5) var<storage, read_write> dx: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  let column = workgroup.x * 64u + local;
  if (row >= params.count || column >= params.width) { return; }
  let source = rows[row];
  var value = Act();
  if (source < params.xRows) { value = x[source * params.width + column]; }
  y[row * params.width + column] = value;
}

// dx[r, c] = Σ_i [rows[i] = first + r] dy[i, c], `first` being what `rows` counts from.
// One workgroup per row r looks through all of `rows`; each invocation then sums columns of its own, in the order of i.
const SIZE = 8u;

@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  if (row >= params.xRows) { return; }
  let start = row * params.width;
  var found = false;
  for (var i = 0u; i < params.count; i++) {
    if (rows[i] != params.first + row) { continue; }
    for (var column = local; column < params.width; column += SIZE) {
      var sum = f32(dy[i * params.width + column]);
      if (found) { sum += f32(dx[start + column]); }
      dx[start + column] = Act(sum);
    }
    found = true;
  }
  if (found) { return; }
  for (var column = local; column < params.width; column += SIZE) { dx[start + column] = Act(); }
}
