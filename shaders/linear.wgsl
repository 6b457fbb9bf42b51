// linear: y[t, n] = act(sum_k x[t, k] · weight[n, k] + bias[n]) + residual[t, n], for many rows t; shapes in linearRows.wgsl.
// A workgroup computes 64 × 64 of y in steps of 16 columns of x that it holds in workgroup memory; an invocation 4 × 4.
import package::linearRows::{params, loadX4, store};
import package::weight::loadWeight4;

const TILE = 64u;
const STEP = 4u; // vec4s of the input axis per step
var<workgroup> xTile: array<vec4f, TILE * STEP>;
var<workgroup> wTile: array<vec4f, TILE * STEP>;

// sums[r] by selection, so that sums stays in registers.
fn pick(sums: array<vec4f, 4>, r: u32) -> vec4f {
  return select(select(sums[0], sums[1], r == 1u), select(sums[2], sums[3], r == 3u), r >= 2u);
}

@compute @workgroup_size(16, 16)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let firstRow = workgroup.y * TILE;
  let firstColumn = workgroup.x * TILE;
  let blockedCols4 = 8u * ((params.cols + 31u) / 32u);
  let steps = (params.cols + 4u * STEP - 1u) / (4u * STEP);
  var sums = array<vec4f, 4>();
  for (var step = 0u; step < steps; step++) {
    let line = index / STEP;
    let k4 = step * STEP + index % STEP;
    xTile[index] = loadX4(min(firstRow + line, params.rows - 1u), k4);
    let out = firstColumn + line;
    var w = vec4f();
    if (out < params.outs) { w = loadWeight4(out * blockedCols4 + k4); }
    wTile[index] = w;
    workgroupBarrier();
    for (var k = 0u; k < STEP; k++) {
      let w0 = wTile[local.x * STEP + k];
      let w1 = wTile[(local.x + 16u) * STEP + k];
      let w2 = wTile[(local.x + 32u) * STEP + k];
      let w3 = wTile[(local.x + 48u) * STEP + k];
      for (var r = 0u; r < 4u; r++) {
        let v = xTile[(local.y + 16u * r) * STEP + k];
        sums[r] += vec4f(dot(v, w0), dot(v, w1), dot(v, w2), dot(v, w3));
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 2u * params.tile; i++) {
    store(firstRow + local.y + 16u * (i / 4u), firstColumn + local.x + 16u * (i & 3u), pick(sums, i / 4u)[i & 3u]);
  }
}
