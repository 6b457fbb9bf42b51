// linear for many rows, as in linear.wgsl, on devices with subgroups whose loads are dear against their arithmetic.
// Eight neighbouring invocations compute 16 × 16 of y: invocation j owns two columns of y (two rows of the weight) and fetches
// two rows of x, four elements at a time, which it hands to the others by shuffling; nothing passes through workgroup memory.
import package::act::{Act, Act4};
import package::weight::loadWeight4;
import package::activations::activate;

enable subgroups;

struct Params { rows: u32, cols: u32, outs: u32, firstOut: u32, stride: u32, hasBias: u32, hasResidual: u32, activation: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> x4: array<Act4>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Act>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;

override ALIGNED: bool = false;

const SIZE = 32u;

fn element(at: u32, col: u32) -> f32 {
  if (col >= params.cols) { return 0.0; }
  return f32(x[at + col]);
}

fn loadX4(row: u32, k4: u32) -> vec4f {
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

fn multiply(v: vec4f, w: vec4f, sum: f32) -> f32 {
  return fma(v.x, w.x, fma(v.y, w.y, fma(v.z, w.z, fma(v.w, w.w, sum))));
}

// sums[r] by selection, so that sums stays in registers.
fn pick(sums: array<f32, 16>, r: u32) -> f32 {
  var value = sums[0];
  for (var i = 1u; i < 16u; i++) { value = select(value, sums[i], i == r); }
  return value;
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let first = invocation & ~7u;
  let lane = invocation & 7u;
  let out = (workgroup.x * (SIZE / 8u) + index / 8u) * 16u + lane;
  let row = workgroup.y * 16u;
  let blockedCols4 = 8u * ((params.cols + 31u) / 32u);
  let start0 = min(out, params.outs - 1u) * blockedCols4;
  let start1 = min(out + 8u, params.outs - 1u) * blockedCols4;
  let row0 = min(row + lane, params.rows - 1u);
  let row1 = min(row + 8u + lane, params.rows - 1u);
  let steps = (params.cols + 3u) / 4u;
  var sums0 = array<f32, 16>();
  var sums1 = array<f32, 16>();
  for (var k = 0u; k < steps; k++) {
    let v0 = loadX4(row0, k);
    let v1 = loadX4(row1, k);
    let w0 = loadWeight4(start0 + k);
    let w1 = loadWeight4(start1 + k);
    for (var r = 0u; r < 8u; r++) {
      let a = subgroupShuffle(v0, first + r);
      sums0[r] = multiply(a, w0, sums0[r]);
      sums1[r] = multiply(a, w1, sums1[r]);
      let b = subgroupShuffle(v1, first + r);
      sums0[r + 8u] = multiply(b, w0, sums0[r + 8u]);
      sums1[r + 8u] = multiply(b, w1, sums1[r + 8u]);
    }
  }
  for (var r = 0u; r < min(16u, params.rows - row); r++) {
    store(row + r, out, pick(sums0, r));
    store(row + r, out + 8u, pick(sums1, r));
  }
}
