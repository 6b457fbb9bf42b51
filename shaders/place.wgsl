// place: into[toRow + r, toColumn + i] = x[fromRow + r, i]: rows of one matrix put into a region of another.
// x [.., width]; into [.., intoWidth]. One invocation per element; `count` of them backwards.
import package::act::Act;
import package::flat::flatIndex;

struct Params { rows: u32, width: u32, fromRow: u32, intoWidth: u32, toRow: u32, toColumn: u32, count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> into: array<Act>;
@group(0) @binding(3) var<storage, read> dy: array<Act>;
@group(0) @binding(4) var<storage, read_write> dx: array<Act>;
@group(0) @binding(5) var<storage, read_write> dInto: array<Act>;

const SIZE = 64u;

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, SIZE);
  if (i >= params.rows * params.width) { return; }
  let row = i / params.width;
  let column = i % params.width;
  into[(params.toRow + row) * params.intoWidth + params.toColumn + column] = x[(params.fromRow + row) * params.width + column];
}

// dx[r, i] = dy[toRow + r - fromRow, toColumn + i] for the rows that were placed, else 0
@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, SIZE);
  if (i >= params.count) { return; }
  let row = i / params.width - params.fromRow;
  var value = Act();
  if (row < params.rows) { value = dy[(params.toRow + row) * params.intoWidth + params.toColumn + i % params.width]; }
  dx[i] = value;
}

// dInto = dy, but 0 in the region that was overwritten
@compute @workgroup_size(SIZE)
fn backwardInto(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, SIZE);
  if (i >= params.count) { return; }
  var value = dy[i];
  if (i / params.intoWidth - params.toRow < params.rows && i % params.intoWidth - params.toColumn < params.width) { value = Act(); }
  dInto[i] = value;
}
