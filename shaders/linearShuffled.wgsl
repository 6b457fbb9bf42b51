// linear for many rows, as in linear.wgsl, on devices with subgroups whose loads are dear against their arithmetic.
// Eight neighbouring invocations compute 8 × 32 of y: invocation j owns four columns of y (four rows of the weight) and fetches
// row j of x, four elements at a time, which it hands to the others by shuffling; nothing passes through workgroup memory.
import package::act::{Act, Act4};
import package::weight::loadWeight8;
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
  let cols4 = params.cols / 4u;
  if (ALIGNED) { return vec4f(x4[row * cols4 + min(k4, cols4 - 1u)]); } // beyond the last one the weights are 0
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

// sums + the products of four elements of a row of x with those of the four columns.
fn multiply(v: vec4f, w: array<vec4f, 4>, sums: vec4f) -> vec4f {
  return vec4f(
    fma(v.x, w[0].x, fma(v.y, w[0].y, fma(v.z, w[0].z, fma(v.w, w[0].w, sums.x)))),
    fma(v.x, w[1].x, fma(v.y, w[1].y, fma(v.z, w[1].z, fma(v.w, w[1].w, sums.y)))),
    fma(v.x, w[2].x, fma(v.y, w[2].y, fma(v.z, w[2].z, fma(v.w, w[2].w, sums.z)))),
    fma(v.x, w[3].x, fma(v.y, w[3].y, fma(v.z, w[3].z, fma(v.w, w[3].w, sums.w)))),
  );
}

// sums[r] by selection, so that sums stays in registers.
fn pick(sums: array<vec4f, 8>, r: u32) -> vec4f {
  var value = sums[0];
  for (var i = 1u; i < 8u; i++) { value = select(value, sums[i], i == r); }
  return value;
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let first = invocation & ~7u;
  let lane = invocation & 7u;
  let out = (workgroup.x * (SIZE / 8u) + index / 8u) * 32u + lane;
  let row = workgroup.y * 8u;
  let blockedCols8 = 4u * ((params.cols + 31u) / 32u);
  let last = params.outs - 1u;
  let starts = min(vec4u(out) + vec4u(0u, 8u, 16u, 24u), vec4u(last)) * blockedCols8;
  let mine = min(row + lane, params.rows - 1u);
  let steps = (params.cols + 7u) / 8u;
  var sums = array<vec4f, 8>();
  for (var k = 0u; k < steps; k++) {
    let w0 = loadWeight8(starts.x + k);
    let w1 = loadWeight8(starts.y + k);
    let w2 = loadWeight8(starts.z + k);
    let w3 = loadWeight8(starts.w + k);
    let low = loadX4(mine, 2u * k);
    let high = loadX4(mine, 2u * k + 1u);
    let lows = array<vec4f, 4>(w0.low, w1.low, w2.low, w3.low);
    let highs = array<vec4f, 4>(w0.high, w1.high, w2.high, w3.high);
    for (var r = 0u; r < 8u; r++) { sums[r] = multiply(subgroupShuffle(low, first + r), lows, sums[r]); }
    for (var r = 0u; r < 8u; r++) { sums[r] = multiply(subgroupShuffle(high, first + r), highs, sums[r]); }
  }
  for (var i = 0u; i < 4u * min(8u, params.rows - row); i++) {
    store(row + i / 4u, out + 8u * (i & 3u), pick(sums, i / 4u)[i & 3u]);
  }
}
