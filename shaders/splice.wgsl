// splice: y[t, i] = embeddings[t, i] where source[t] is 0, else visual[source[t] - 1, i]; a source beyond `visual` gives zeros
// embeddings, y [rows, width]; visual [visualRows, width]; source [rows]. One invocation per element.
// Backward of visual: a visual row is the sum of those rows of dy that took it, as in gather.wgsl.
import package::act::Act;
import package::flat::rowIndex;

struct Params { rows: u32, width: u32, visualRows: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> embeddings: array<Act>;
@group(0) @binding(2) var<storage, read> visual: array<Act>;
@group(0) @binding(3) var<storage, read> source: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;
@group(0) @binding(5) var<storage, read> dy: array<Act>;
@group(0) @binding(6) var<storage, read_write> dEmbeddings: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  let column = workgroup.x * 64u + local;
  if (row >= params.rows || column >= params.width) { return; }
  let at = row * params.width + column;
  let place = source[row];
  var value = Act();
  if (place == 0u) {
    value = embeddings[at];
  } else if (place <= params.visualRows) {
    value = visual[(place - 1u) * params.width + column];
  }
  y[at] = value;
}

// dEmbeddings[t, i] = dy[t, i] where source[t] is 0, else 0
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  let column = workgroup.x * 64u + local;
  if (row >= params.rows || column >= params.width) { return; }
  let at = row * params.width + column;
  var value = Act();
  if (source[row] == 0u) { value = dy[at]; }
  dEmbeddings[at] = value;
}
