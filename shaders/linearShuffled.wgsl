// linear for many rows, as in linear.wgsl, on devices with subgroups whose loads are dear against their arithmetic.
// Eight neighbouring invocations compute 8 × 32 of y: invocation j owns four columns of y (four rows of the weight) and fetches
// row j of x, four elements at a time, which it hands to the others by shuffling; nothing passes through workgroup memory.
// forward4: the same where outs, firstOut and stride are multiples of 4, so that y is written by vec4s.
import package::act::Act4;
import package::activations::activate;
import package::linearRows::{params, loadX4, store};
import package::weight::{loadEight, blockScale};

enable subgroups;

@group(0) @binding(6) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(7) var<storage, read> residual4: array<Act4>;
@group(0) @binding(8) var<storage, read_write> y4: array<Act4>;

const SIZE = 32u;

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

// Where an invocation works: its first row and its first of four columns.
struct Place {
  row: u32,
  out: u32,
}

fn placeOf(workgroup: vec3u, index: u32) -> Place {
  return Place(workgroup.x * 8u, (workgroup.y * (SIZE / 8u) + index / 8u) * 32u + 4u * (index & 7u));
}

// The products of 8 rows of x with the columns of `at`, one vec4 of columns per row.
fn accumulate(at: Place, invocation: u32) -> array<vec4f, 8> {
  let first = invocation & ~7u;
  let blockedCols8 = 4u * ((params.cols + 31u) / 32u);
  let starts = min(vec4u(at.out) + vec4u(0u, 1u, 2u, 3u), vec4u(params.outs - 1u)) * blockedCols8;
  let mine = min(at.row + (invocation & 7u), params.rows - 1u);
  let steps = (params.cols + 7u) / 8u;
  var sums = array<vec4f, 8>();
  var factors = vec4f();
  for (var k = 0u; k < steps; k++) {
    if ((k & 3u) == 0u) {
      let blocks = (starts + k) / 4u;
      factors = vec4f(blockScale(blocks.x), blockScale(blocks.y), blockScale(blocks.z), blockScale(blocks.w));
    }
    let w0 = loadEight(starts.x + k);
    let w1 = loadEight(starts.y + k);
    let w2 = loadEight(starts.z + k);
    let w3 = loadEight(starts.w + k);
    let low = loadX4(mine, 2u * k);
    let high = loadX4(mine, 2u * k + 1u);
    let lows = array<vec4f, 4>(w0.low * factors.x, w1.low * factors.y, w2.low * factors.z, w3.low * factors.w);
    let highs = array<vec4f, 4>(w0.high * factors.x, w1.high * factors.y, w2.high * factors.z, w3.high * factors.w);
    for (var r = 0u; r < 8u; r++) { sums[r] = multiply(subgroupShuffle(low, first + r), lows, sums[r]); }
    for (var r = 0u; r < 8u; r++) { sums[r] = multiply(subgroupShuffle(high, first + r), highs, sums[r]); }
  }
  return sums;
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let at = placeOf(workgroup, index);
  let sums = accumulate(at, invocation);
  for (var i = 0u; i < 4u * min(params.tile, params.rows - at.row); i++) {
    store(at.row + i / 4u, at.out + (i & 3u), pick(sums, i / 4u)[i & 3u]);
  }
}

@compute @workgroup_size(SIZE)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let at = placeOf(workgroup, index);
  let sums = accumulate(at, invocation);
  if (at.out >= params.outs) { return; }
  let n4 = (params.firstOut + at.out) / 4u;
  var offset = vec4f();
  if (params.hasBias == 1u) { offset = bias4[n4]; }
  for (var r = 0u; r < min(params.tile, params.rows - at.row); r++) {
    var value = pick(sums, r) + offset;
    if (params.activation != 0u) {
      for (var j = 0u; j < params.tile / 2u; j++) { value[j] = activate(value[j], params.activation); }
    }
    let to = (at.row + r) * (params.stride / 4u) + n4;
    if (params.hasResidual == 1u) { value += vec4f(residual4[to]); }
    y4[to] = Act4(value);
  }
}
