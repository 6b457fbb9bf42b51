// The gradients of linear, y[t, n] = sum_k x[t, k] · weight[n, k] (linear.wgsl), from dy, that of y.
// x, dx [rows, cols]; weight [outs, cols], rows firstOut .. of y's columns where a weight is split; dy [rows, stride];
// dWeight [outs, cols padded to 32].
// A workgroup computes 64 × 64 of a gradient in steps of 16 of the summed axis, which it holds in workgroup memory; an
// invocation 4 × 4.
import package::act::{Act, Act4};
import package::weight::loadWeight4;

// accumulate: dx is added to, because it is the sum over the parts of a weight.
struct Params { rows: u32, cols: u32, outs: u32, firstOut: u32, stride: u32, accumulate: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Act>;
@group(0) @binding(2) var<storage, read> x: array<Act>;
@group(0) @binding(3) var<storage, read_write> dx: array<Act>;
@group(0) @binding(4) var<storage, read_write> dWeight: array<vec4f>;

const TILE = 64u;
const STEP = 16u;
var<workgroup> dyTile: array<vec4f, 256>;
var<workgroup> otherTile: array<vec4f, 256>;

fn dyElement(row: u32, out: u32) -> f32 {
  if (row >= params.rows || out >= params.outs) { return 0.0; }
  return f32(dy[row * params.stride + params.firstOut + out]);
}

fn xElement(row: u32, col: u32) -> f32 {
  if (row >= params.rows || col >= params.cols) { return 0.0; }
  return f32(x[row * params.cols + col]);
}

fn loadDy4(row: u32, out: u32) -> vec4f {
  return vec4f(dyElement(row, out), dyElement(row, out + 1u), dyElement(row, out + 2u), dyElement(row, out + 3u));
}

fn loadX4(row: u32, col: u32) -> vec4f {
  return vec4f(xElement(row, col), xElement(row, col + 1u), xElement(row, col + 2u), xElement(row, col + 3u));
}

fn blockedCols4() -> u32 {
  return 8u * ((params.cols + 31u) / 32u);
}

// dx[t, k] (+)= sum_n dy[t, n] · weight[n, k]
@compute @workgroup_size(16, 16)
fn input(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let firstRow = workgroup.y * TILE;
  let k4 = workgroup.x * (TILE / 4u) + local.x;
  let inside = k4 < blockedCols4();
  var sums = array<vec4f, 4>();
  for (var n = 0u; n < params.outs; n += STEP) {
    dyTile[index] = loadDy4(firstRow + index / 4u, n + 4u * (index % 4u));
    var w = vec4f();
    if (inside && n + local.y < params.outs) { w = loadWeight4((n + local.y) * blockedCols4() + k4); }
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
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + local.y + 16u * r;
    for (var i = 0u; i < 4u; i++) {
      let col = 4u * k4 + i;
      if (row < params.rows && col < params.cols) {
        let at = row * params.cols + col;
        var before = 0.0;
        if (params.accumulate == 1u) { before = f32(dx[at]); }
        dx[at] = Act(before + sums[r][i]);
      }
    }
  }
}

// dWeight[n, k] += sum_t dy[t, n] · x[t, k]
@compute @workgroup_size(16, 16)
fn weights(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
  let k4 = workgroup.x * (TILE / 4u) + local.x;
  let n = workgroup.y * TILE + 4u * local.y;
  var sums = array<vec4f, 4>();
  for (var t = 0u; t < params.rows; t += STEP) {
    dyTile[index] = loadDy4(t + local.y, workgroup.y * TILE + 4u * local.x);
    otherTile[index] = loadX4(t + local.y, 4u * k4);
    workgroupBarrier();
    for (var i = 0u; i < STEP; i++) {
      let v = dyTile[16u * i + local.y];
      let other = otherTile[16u * i + local.x];
      for (var j = 0u; j < 4u; j++) { sums[j] += v[j] * other; }
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < 4u; j++) {
    if (k4 < blockedCols4() && n + j < params.outs) { dWeight[(n + j) * blockedCols4() + k4] += sums[j]; }
  }
}
