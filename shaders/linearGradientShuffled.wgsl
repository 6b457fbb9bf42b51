// The gradients of linear, as in linearGradient.wgsl, on devices with subgroups whose loads are dear against their arithmetic.
// Eight neighbouring invocations compute 8 rows × a block of 32 columns in steps of eight of the axis that is summed: an invocation
// owns four columns and fetches a row of dy, which it hands to the others by shuffling. The last step of `input` begins so early that it
// ends with the axis, and leaves out what was summed before; there must be at least eight to sum.
import package::linearGradientRows::{params, loadDy4, loadX4, storeDx, addWeights};
import package::weight::{loadSlab, slabRow, slabColumn, blockScale};

enable subgroups;

const SIZE = 16u;

// sums[r] by selection, so that sums stays in registers.
fn pick(sums: array<vec4f, 8>, r: u32) -> vec4f {
  var value = sums[0];
  for (var i = 1u; i < 8u; i++) { value = select(value, sums[i], i == r); }
  return value;
}

// The four values of eight neighbours' `value` that start at the invocation `first`.
fn gather4(value: f32, first: u32) -> vec4f {
  return vec4f(subgroupShuffle(value, first), subgroupShuffle(value, first + 1u), subgroupShuffle(value, first + 2u), subgroupShuffle(value, first + 3u));
}

// dx[t, k] (+)= sum_n dy[t, n] · weight[n, k]; the neighbours' rows of dy take the scales of the weight's rows.
@compute @workgroup_size(SIZE)
fn input(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let first = invocation & ~7u;
  let lane = invocation & 7u;
  let firstRow = workgroup.x * 8u;
  let mine = min(firstRow + lane, params.rows - 1u);
  let blocks = (params.cols + 31u) / 32u;
  let column = workgroup.y * (SIZE / 8u) + index / 8u;
  let block = min(column, blocks - 1u);
  var sums = array<vec4f, 8>();
  for (var step = 0u; step < params.outs; step += 8u) {
    let n = min(step, params.outs - 8u);
    let slab = loadSlab(n * blocks + block, blocks, lane);
    let scale = select(0.0, blockScale((n + lane) * blocks + block), n + lane >= step);
    let low = loadDy4(mine, n) * gather4(scale, first);
    let high = loadDy4(mine, n + 4u) * gather4(scale, first + 4u);
    let w0 = slabRow(slab, 0u, invocation);
    let w1 = slabRow(slab, 1u, invocation);
    let w2 = slabRow(slab, 2u, invocation);
    let w3 = slabRow(slab, 3u, invocation);
    for (var r = 0u; r < 8u; r++) {
      let v = subgroupShuffle(low, first + r);
      sums[r] = fma(vec4f(v.x), w0, fma(vec4f(v.y), w1, fma(vec4f(v.z), w2, fma(vec4f(v.w), w3, sums[r]))));
    }
    let w4 = slabRow(slab, 4u, invocation);
    let w5 = slabRow(slab, 5u, invocation);
    let w6 = slabRow(slab, 6u, invocation);
    let w7 = slabRow(slab, 7u, invocation);
    for (var r = 0u; r < 8u; r++) {
      let v = subgroupShuffle(high, first + r);
      sums[r] = fma(vec4f(v.x), w4, fma(vec4f(v.y), w5, fma(vec4f(v.z), w6, fma(vec4f(v.w), w7, sums[r]))));
    }
  }
  if (column >= blocks) { return; }
  for (var i = 0u; i < 4u * min(params.tile, params.rows - firstRow); i++) {
    storeDx(firstRow + i / 4u, 32u * block + slabColumn(lane, i & 3u), pick(sums, i / 4u)[i & 3u]);
  }
}

// dWeight[n, k] += sum_t dy[t, n] · x[t, k]
@compute @workgroup_size(SIZE)
fn weights(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let first = invocation & ~7u;
  let lane = invocation & 7u;
  let firstOut = workgroup.x * 8u;
  let col4 = (workgroup.y * (SIZE / 8u) + index / 8u) * 8u + lane;
  var sums = array<vec4f, 8>();
  for (var step = 0u; step < params.rows; step += 8u) {
    let mine = min(step + lane, params.rows - 1u);
    let mask = select(0.0, 1.0, step + lane < params.rows);
    let low = loadDy4(mine, firstOut) * mask;
    let high = loadDy4(mine, firstOut + 4u) * mask;
    for (var r = 0u; r < min(params.tile, params.rows - step); r++) {
      let v = loadX4(step + r, 4u * col4);
      let lows = subgroupShuffle(low, first + r);
      let highs = subgroupShuffle(high, first + r);
      for (var i = 0u; i < 4u; i++) {
        sums[i] = fma(vec4f(lows[i]), v, sums[i]);
        sums[4u + i] = fma(vec4f(highs[i]), v, sums[4u + i]);
      }
    }
  }
  for (var r = 0u; r < min(params.tile, params.outs - firstOut); r++) { addWeights(firstOut + r, col4, pick(sums, r)); }
}
