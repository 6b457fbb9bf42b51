// embedding: y[t, i] = table[ids[idOffset + t], i]; a row of zeros where the id is not below `tableRows`
// ids [.. rows]; y [rows, cols]. One dispatch per part of the table: it writes the rows whose ids lie in it, and the one whose
// firstRow is 0 also the rows of zeros. One invocation per four columns.
import package::act::Act;
import package::flat::rowIndex;
import package::weight::loadWeight4;

struct Params { rows: u32, cols: u32, idOffset: u32, firstRow: u32, partRows: u32, tableRows: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  let col4 = workgroup.x * 64u + local;
  if (row >= params.rows || 4u * col4 >= params.cols) { return; }
  let id = ids[params.idOffset + row];
  let inPart = id >= params.firstRow && id - params.firstRow < params.partRows;
  let outside = id >= params.tableRows && params.firstRow == 0u;
  if (!inPart && !outside) { return; }
  var values = vec4f();
  if (inPart) {
    let blockedCols4 = 8u * ((params.cols + 31u) / 32u);
    values = loadWeight4((id - params.firstRow) * blockedCols4 + col4);
  }
  for (var col = 4u * col4; col < min(4u * col4 + 4u, params.cols); col++) {
    y[row * params.cols + col] = Act(values[col % 4u]);
  }
}
