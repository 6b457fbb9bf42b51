// assembleTokens: y[b, n] = token(b, n) + positions[n], token(b, n) the class token where n < CLASS, else patches[b, n - CLASS]
// patches [images, rows - CLASS, width]; classToken [width]; positions [rows, width]; y [images, rows, width].
// Dosovitskiy et al. 2020, arXiv:2010.11929, equation 1. One invocation per element of y.
import package::act::Act;
import package::flat::rowIndex;

struct Params { images: u32, rows: u32, width: u32 }

override CLASS: u32 = 0u; // rows of the class token: 0 or 1

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> patches: array<Act>;
@group(0) @binding(2) var<storage, read> classToken: array<f32>;
@group(0) @binding(3) var<storage, read> positions: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = rowIndex(workgroup, count);
  let image = line / params.rows;
  let row = line % params.rows;
  let column = workgroup.x * 64u + local;
  if (image >= params.images || column >= params.width) { return; }
  var value = positions[row * params.width + column];
  if (row < CLASS) {
    value += classToken[column];
  } else {
    value += f32(patches[(line - (image + 1u) * CLASS) * params.width + column]);
  }
  y[line * params.width + column] = Act(value);
}
