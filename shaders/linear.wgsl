// linear: y[t, n] = act(sum_k x[t, k] · weight[n, k] + bias[n]) + residual[t, n], for many rows t
// x [rows, cols]; weight [outs, cols], rows firstOut .. of y's columns where a weight is split; y, residual [rows, stride].
// A workgroup computes 64 × 64 of y in steps of 16 columns of x that it holds in workgroup memory; an invocation 4 × 4.
import package::act::{Act, Act4};
import package::weight::loadWeight4;
import package::activations::activate;

struct Params { rows: u32, cols: u32, outs: u32, firstOut: u32, stride: u32, hasBias: u32, hasResidual: u32, activation: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> x4: array<Act4>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Act>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;

override ALIGNED: bool = false; // cols is a multiple of 4, so that x4 may be read

const TILE = 64u;
const STEP = 4u; // vec4s of the input axis per step
var<workgroup> xTile: array<vec4f, TILE * STEP>;
var<workgroup> wTile: array<vec4f, TILE * STEP>;

fn element(at: u32, col: u32) -> f32 {
  if (col >= params.cols) { return 0.0; }
  return f32(x[at + col]);
}

fn loadX4(row: u32, k4: u32) -> vec4f {
  if (row >= params.rows || 4u * k4 >= params.cols) { return vec4f(); }
  if (ALIGNED) { return vec4f(x4[row * (params.cols / 4u) + k4]); }
  let at = row * params.cols;
  let col = 4u * k4;
  return vec4f(element(at, col), element(at, col + 1u), element(at, col + 2u), element(at, col + 3u));
}

fn store(row: u32, out: u32, sum: f32) {
  if (row >= params.rows || out >= params.outs) { return; }
  let n = params.firstOut + out;
  var value = sum;
  if (params.hasBias == 1u) { value += bias[n]; }
  value = activate(value, params.activation);
  if (params.hasResidual == 1u) { value += f32(residual[row * params.stride + n]); }
  y[row * params.stride + n] = Act(value);
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
    xTile[index] = loadX4(firstRow + line, k4);
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
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + local.y + 16u * r;
    store(row, firstColumn + local.x, sums[r].x);
    store(row, firstColumn + local.x + 16u, sums[r].y);
    store(row, firstColumn + local.x + 32u, sums[r].z);
    store(row, firstColumn + local.x + 48u, sums[r].w);
  }
}
