// The gradients of linear by its x and its weight; formula and shapes in linearGradientRows.wgsl.
// A workgroup computes 64 × 64 of a gradient in steps of 16 of the axis that is summed, which it holds in workgroup memory; an
// invocation computes 4 × 4, four of them neighbouring columns.
import package::linearGradientRows::{params, loadDy4, loadX4, storeDx, addWeights};
import package::weight::loadWeight4;

const TILE = 64u;
const STEP = 16u;
var<workgroup> dyTile: array<vec4f, 256>;
var<workgroup> otherTile: array<vec4f, 256>;

// sums[r] by selection, so that sums stays in registers.
fn pick(sums: array<vec4f, 4>, r: u32) -> vec4f {
  return select(select(sums[0], sums[1], r == 1u), select(sums[2], sums[3], r == 3u), r >= 2u);
}

// dx[t, k] (+)= sum_n dy[t, n] · weight[n, k]
@compute @workgroup_size(16, 16)
fn input(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let firstRow = workgroup.y * TILE;
  let k4 = workgroup.x * (TILE / 4u) + local.x;
  let blockedCols4 = 8u * ((params.cols + 31u) / 32u);
  var sums = array<vec4f, 4>();
  for (var n = 0u; n < params.outs; n += STEP) {
    dyTile[index] = loadDy4(min(firstRow + index / 4u, params.rows - 1u), n + 4u * (index & 3u));
    var w = vec4f();
    if (k4 < blockedCols4 && n + local.y < params.outs) { w = loadWeight4((n + local.y) * blockedCols4 + k4); }
    otherTile[index] = w;
    workgroupBarrier();
    for (var i = 0u; i < STEP / 4u; i++) {
      let w0 = otherTile[64u * i + local.x];
      let w1 = otherTile[64u * i + 16u + local.x];
      let w2 = otherTile[64u * i + 32u + local.x];
      let w3 = otherTile[64u * i + 48u + local.x];
      for (var r = 0u; r < 4u; r++) {
        let v = dyTile[4u * (local.y + 16u * r) + i];
        sums[r] += v.x * w0 + v.y * w1 + v.z * w2 + v.w * w3;
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 2u * params.tile; i++) {
    storeDx(firstRow + local.y + 16u * (i / 4u), 4u * k4 + (i & 3u), pick(sums, i / 4u)[i & 3u]);
  }
}

// dWeight[n, k] += sum_t dy[t, n] · x[t, k]
@compute @workgroup_size(16, 16)
fn weights(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let firstOut = workgroup.y * TILE;
  let k4 = workgroup.x * (TILE / 4u) + local.x;
  var sums = array<vec4f, 4>();
  for (var t = 0u; t < params.rows; t += STEP) {
    var v = vec4f();
    if (t + local.y < params.rows) { v = loadDy4(t + local.y, firstOut + 4u * local.x); }
    dyTile[index] = v;
    otherTile[index] = loadX4(min(t + local.y, params.rows - 1u), 4u * k4);
    workgroupBarrier();
    for (var i = 0u; i < STEP; i++) {
      let d = dyTile[16u * i + local.y];
      let other = otherTile[16u * i + local.x];
      for (var r = 0u; r < 4u; r++) { sums[r] += d[r] * other; }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < params.tile / 2u; r++) { addWeights(firstOut + 4u * local.y + r, k4, pick(sums, r)); }
}
