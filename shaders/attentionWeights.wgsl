// attentionWeights: p[r, h, s] = exp(score(columns[s]) - m) / Σ_j exp(score(j) - m), score(j) = q[t, h] · k[j, g] / sqrt(K), t = firstRow + r:
// what attention multiplies the values of chosen keys by; g the key/value head of h, m the largest score, the sum over all keys seen.
// q [T, heads · K]; k [keys, kvHeads · K]; rows may lie `stride` apart and heads begin at `offset`; columns [S]; y [R, heads, S] in f32.
// Causal: row t sees the keys up to position + t; a column that it does not see has 0. Streaming softmax as in attention.wgsl.
// One workgroup per row and head: its invocations stride over the keys, fold their sums as a tree, then stride over the columns.
import package::act::{Act, Act4};

struct Params {
  firstRow: u32, keys: u32, columns: u32, heads: u32, kvHeads: u32, width: u32,
  qStride: u32, kStride: u32, qOffset: u32, kOffset: u32, causal: u32, position: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> k: array<Act4>;
@group(0) @binding(3) var<storage, read> columns: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

override ALIGNED: bool = false; // width, strides and offsets are multiples of 4

const SIZE = 64u;
const NONE = -3e38; // stands for -∞, which WGSL does not promise

var<workgroup> partial: array<vec2f, SIZE>; // largest score, sum of exponentials below it

fn score(qAt: u32, kAt: u32) -> f32 {
  var sum = 0.0;
  if (ALIGNED) {
    for (var c = 0u; c < params.width / 4u; c++) { sum += dot(vec4f(q[qAt / 4u + c]), vec4f(k[kAt / 4u + c])); }
  } else {
    for (var c = 0u; c < params.width; c++) {
      sum += f32(q[(qAt + c) / 4u][(qAt + c) % 4u]) * f32(k[(kAt + c) / 4u][(kAt + c) % 4u]);
    }
  }
  return sum * inverseSqrt(f32(params.width));
}

fn folded(a: vec2f, b: vec2f) -> vec2f {
  let largest = max(a.x, b.x);
  return vec2f(largest, a.y * exp(a.x - largest) + b.y * exp(b.x - largest));
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = params.firstRow + workgroup.x;
  let head = workgroup.y;
  let qAt = params.qOffset + row * params.qStride + head * params.width;
  let kHead = params.kOffset + head / (params.heads / params.kvHeads) * params.width;
  let seen = select(params.keys, min(params.keys, params.position + row + 1u), params.causal != 0u);

  var mine = vec2f(NONE, 0.0);
  for (var j = local; j < seen; j += SIZE) { mine = folded(mine, vec2f(score(qAt, kHead + j * params.kStride), 1.0)); }
  partial[local] = mine;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] = folded(partial[local], partial[local + half]); }
    workgroupBarrier();
  }
  let whole = partial[0];

  let line = (workgroup.x * params.heads + head) * params.columns;
  for (var s = local; s < params.columns; s += SIZE) {
    let j = columns[s];
    var weight = 0.0;
    if (j < seen) { weight = exp(score(qAt, kHead + j * params.kStride) - whole.x) / whole.y; }
    y[line + s] = weight;
  }
}
