// splice: y[t, i] = embeddings[t, i] where source[t] is 0, else visual[source[t] - 1, i]; a source beyond `visual` gives zeros
// embeddings, y [rows, width]; visual [visualRows, width]; source [rows]. One invocation per element.
import package::act::Act;
import package::flat::rowIndex;

struct Params { rows: u32, width: u32, visualRows: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> embeddings: array<Act>;
@group(0) @binding(2) var<storage, read> visual: array<Act>;
@group(0) @binding(3) var<storage, read> source: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;

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
