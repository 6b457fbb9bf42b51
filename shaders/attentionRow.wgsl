// attentionRow: attention of one row over a cache: y[h] = sum_j p[h, j] values[j, g], p[h, :] = softmax_j(q[h] · keys[j, g] / sqrt(K)),
// j up to and with cursor[0], g the key/value head of h
// q, y [heads · K]; keys, values [capacity, kvHeads · K]. The softmax streams over tiles of 256 keys, as in attention.
// One workgroup per GROUP heads that share keys and values: an invocation makes the scores of 4 keys, then adds every n-th value
// to 4 columns; at the end the n sums of a column are added. Weights of up to 4 heads go together as one vec4.
import package::act::{Act, Act4};
import package::cursor::POSITION;

struct Params { heads: u32, kvHeads: u32, width: u32, capacity: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> keys: array<Act4>;
@group(0) @binding(3) var<storage, read> values: array<Act4>;
@group(0) @binding(4) var<storage, read> cursor: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<Act>;

override GROUP: u32 = 1u; // heads per workgroup, at most 4
override ALIGNED: bool = false; // width is a multiple of 4

const SIZE = 64u;
const TILE = 256u;
const NONE = -3e38; // stands for -∞, which WGSL does not promise

var<workgroup> largest: array<vec4f, SIZE>;
var<workgroup> weights: array<vec4f, TILE>;
var<workgroup> partial: array<vec4f, SIZE>;

fn loadQ(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(q[(at + column) / 4u]); }
  var loaded = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    loaded[i - at - column] = f32(q[i / 4u][i % 4u]);
  }
  return loaded;
}

fn loadKey(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(keys[(at + column) / 4u]); }
  var loaded = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    loaded[i - at - column] = f32(keys[i / 4u][i % 4u]);
  }
  return loaded;
}

fn loadValue(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(values[(at + column) / 4u]); }
  var loaded = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    loaded[i - at - column] = f32(values[i / 4u][i % 4u]);
  }
  return loaded;
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let width = params.width;
  let sharing = params.heads / params.kvHeads;
  let groups = (sharing + GROUP - 1u) / GROUP;
  let kvHead = workgroup.x / groups;
  let firstHead = workgroup.x % groups * GROUP;
  let heads = min(GROUP, sharing - firstHead);
  let head = kvHead * sharing + firstHead;
  let stride = params.kvHeads * width;
  let count = min(cursor[POSITION] + 1u, params.capacity);
  let scale = inverseSqrt(f32(width));
  let columns = (width + 3u) / 4u;
  let column = local % columns * 4u;
  let slices = SIZE / columns;
  let slice = local / columns;

  var best = vec4f(NONE);
  var sum = vec4f();
  var sums = array<vec4f, 4>(); // [GROUP]
  for (var first = 0u; first < count; first += TILE) {
    let size = min(TILE, count - first);
    let valid = vec4<bool>(4u * local < size, 4u * local + 1u < size, 4u * local + 2u < size, 4u * local + 3u < size);
    var scores = array<vec4f, 4>(); // [GROUP, 4 keys]
    if (valid.x) {
      let at = (first + min(4u * local + vec4u(0u, 1u, 2u, 3u), vec4u(size - 1u))) * stride + kvHead * width;
      for (var c = 0u; c < width; c += 4u) {
        let k0 = loadKey(at.x, c);
        let k1 = loadKey(at.y, c);
        let k2 = loadKey(at.z, c);
        let k3 = loadKey(at.w, c);
        for (var h = 0u; h < GROUP; h++) {
          let row = loadQ((head + min(h, heads - 1u)) * width, c);
          scores[h] += vec4f(dot(row, k0), dot(row, k1), dot(row, k2), dot(row, k3));
        }
      }
    }
    var mine = vec4f(NONE);
    for (var h = 0u; h < GROUP; h++) {
      scores[h] = select(vec4f(NONE), scores[h] * scale, valid);
      mine[h] = max(max(scores[h].x, scores[h].y), max(scores[h].z, scores[h].w));
    }
    largest[local] = mine;
    workgroupBarrier();
    var next = best;
    for (var i = 0u; i < (size + 3u) / 4u; i++) { next = max(next, largest[i]); }
    let shrink = exp(best - next);
    best = next;
    for (var i = 0u; i < 4u; i++) {
      let score = vec4f(scores[0][i], scores[1][i], scores[2][i], scores[3][i]);
      weights[4u * local + i] = select(vec4f(), exp(score - best), valid[i]);
    }
    workgroupBarrier();
    sum *= shrink;
    for (var h = 0u; h < GROUP; h++) { sums[h] *= shrink[h]; }
    for (var j = slice; j < size && slice < slices; j += slices) {
      let weight = weights[j];
      let value = loadValue((first + j) * stride + kvHead * width, column);
      sum += weight;
      for (var h = 0u; h < GROUP; h++) { sums[h] += weight[h] * value; }
    }
  }

  workgroupBarrier();
  largest[local] = sum;
  for (var h = 0u; h < GROUP; h++) {
    workgroupBarrier();
    partial[local] = sums[h];
    workgroupBarrier();
    if (local < columns && h < heads) {
      var total = vec4f();
      var all = 0.0;
      for (var s = 0u; s < slices; s++) {
        total += partial[local + s * columns];
        all += largest[s * columns][h];
      }
      for (var c = column; c < min(column + 4u, width); c++) { y[(head + h) * width + c] = Act(total[c - column] / all); }
    }
  }
}
