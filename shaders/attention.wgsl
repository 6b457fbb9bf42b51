// attention: y[t, h] = sum_j p[t, h, j] v[j, g], p[t, h, :] = softmax_j(q[t, h] · k[j, g] / sqrt(K)), g the key/value head of h
// Per image: q, y [rows, heads · K]; k, v [keys, kvHeads · K]; rows may lie `stride` apart and heads begin at `offset`, so that all
// three may be one fused qkv. Causal: row t sees the keys up to t (causal 1) or up to cursor[0] + t (causal 2). statistics[t, h] = log of the sum in the softmax.
// Streaming softmax: Milakov & Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135.
// One workgroup per head and 16 rows, over tiles of 64 keys: first an invocation makes the scores of 4 rows and 4 keys; then it
// adds the values of all keys to 4 rows and 4 columns of every 64. Rows of 4 go together as one vec4.
import package::act::{Act, Act4};
import package::cursor::POSITION;

struct Params {
  rows: u32, keys: u32, heads: u32, kvHeads: u32,
  qStride: u32, kStride: u32, vStride: u32, qOffset: u32, kOffset: u32, vOffset: u32, causal: u32, width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> k: array<Act4>;
@group(0) @binding(3) var<storage, read> v: array<Act4>;
@group(0) @binding(4) var<storage, read> cursor: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;
@group(0) @binding(6) var<storage, read_write> statistics: array<f32>;

override CHUNKS: u32 = 4u; // of 64 columns; at most 4
override ALIGNED: bool = false; // width, strides and offsets are multiples of 4
override SAVE: bool = false; // write statistics

const ROWS = 16u;
const KEYS = 64u;
const NONE = -3e38; // stands for -∞, which WGSL does not promise

var<workgroup> largest: array<vec4f, 64>; // [16 groups of keys, 4 groups of rows]
var<workgroup> weights: array<vec4f, 256>; // [KEYS, 4 groups of rows]

fn loadQ(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(q[(at + column) / 4u]); }
  var values = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    values[i - at - column] = f32(q[i / 4u][i % 4u]);
  }
  return values;
}

fn loadK(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(k[(at + column) / 4u]); }
  var values = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    values[i - at - column] = f32(k[i / 4u][i % 4u]);
  }
  return values;
}

fn loadV(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(v[(at + column) / 4u]); }
  var values = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    values[i - at - column] = f32(v[i / 4u][i % 4u]);
  }
  return values;
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.y;
  let image = workgroup.z;
  let kvHead = head / (params.heads / params.kvHeads);
  let qHead = params.qOffset + image * params.rows * params.qStride + head * params.width;
  let kHead = params.kOffset + image * params.keys * params.kStride + kvHead * params.width;
  let vHead = params.vOffset + image * params.keys * params.vStride + kvHead * params.width;
  let group = local / 16u;
  let lane = local % 16u;
  let row = workgroup.x * ROWS + 4u * group;
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(params.rows - 1u));
  var seen = vec4u(params.keys);
  var count = params.keys;
  if (params.causal != 0u) {
    let position = select(0u, cursor[POSITION], params.causal == 2u);
    seen = min(seen, position + rows + 1u);
    count = min(count, position + min(workgroup.x * ROWS + ROWS, params.rows));
  }
  let qAt = qHead + rows * params.qStride;
  let scale = inverseSqrt(f32(params.width));

  var best = vec4f(NONE);
  var sum = vec4f();
  var sums = array<vec4f, 16>(); // [CHUNKS, 4 rows]
  for (var first = 0u; first < count; first += KEYS) {
    let keys = first + lane + vec4u(0u, 16u, 32u, 48u);
    let kAt = kHead + min(keys, vec4u(count - 1u)) * params.kStride;
    var scores = array<vec4f, 4>(); // [4 keys, 4 rows]
    for (var column = 0u; column < params.width; column += 4u) {
      let q0 = loadQ(qAt.x, column);
      let q1 = loadQ(qAt.y, column);
      let q2 = loadQ(qAt.z, column);
      let q3 = loadQ(qAt.w, column);
      for (var i = 0u; i < 4u; i++) {
        let key = loadK(kAt[i], column);
        scores[i] += vec4f(dot(q0, key), dot(q1, key), dot(q2, key), dot(q3, key));
      }
    }
    for (var i = 0u; i < 4u; i++) { scores[i] = select(vec4f(NONE), scores[i] * scale, vec4u(keys[i]) < seen); }
    largest[lane * 4u + group] = max(max(scores[0], scores[1]), max(scores[2], scores[3]));
    workgroupBarrier();
    var next = best;
    for (var i = group; i < 4u * min(16u, count - first); i += 4u) { next = max(next, largest[i]); }
    let shrink = exp(best - next);
    best = next;
    for (var i = 0u; i < 4u; i++) {
      let weight = select(vec4f(), exp(scores[i] - best), vec4u(keys[i]) < seen);
      weights[(lane + 16u * i) * 4u + group] = weight;
    }
    workgroupBarrier();
    sum *= shrink;
    for (var i = 0u; i < 4u * CHUNKS; i++) { sums[i] *= shrink[i % 4u]; }
    for (var j = first; j < min(first + KEYS, count); j++) {
      let weight = weights[(j - first) * 4u + group];
      sum += weight;
      for (var c = 0u; c < CHUNKS; c++) {
        let column = 64u * c + 4u * lane;
        if (column < params.width) {
          let value = loadV(vHead + j * params.vStride, column);
          sums[4u * c] += weight.x * value;
          sums[4u * c + 1u] += weight.y * value;
          sums[4u * c + 2u] += weight.z * value;
          sums[4u * c + 3u] += weight.w * value;
        }
      }
    }
  }

  for (var r = 0u; r < 4u; r++) {
    if (row + r >= params.rows) { break; }
    let line = (image * params.rows + row + r) * params.heads + head;
    if (SAVE && lane == 0u) { statistics[line] = best[r] + log(sum[r]); }
    for (var c = 0u; c < CHUNKS; c++) {
      let value = sums[4u * c + r] / sum[r];
      for (var column = 64u * c + 4u * lane; column < params.width; column++) {
        if (column >= 64u * c + 4u * lane + 4u) { break; }
        y[line * params.width + column] = Act(value[column % 4u]);
      }
    }
  }
}
