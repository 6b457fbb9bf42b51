// attentionRow, as in attentionRow.wgsl, on devices with subgroups whose loads are dear against their arithmetic; widths up to 128
// that are multiples of 4. One workgroup of eight invocations per GROUP heads that share keys and values, eight keys at a time: an
// invocation makes the scores of one key, whose columns of q it gets by shuffling; then it adds eight values, weighted by shuffled
// weights, to every eighth vec4 of columns. No barriers, and few lines that load: a CPU driver compiles each into a page of code.
import package::act::{Act, Act4};
import package::cursor::POSITION;

enable subgroups;

struct Params { heads: u32, kvHeads: u32, width: u32, capacity: u32, span: u32 } // span: min(8, width / 4)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> keys: array<Act4>;
@group(0) @binding(3) var<storage, read> values: array<Act4>;
@group(0) @binding(4) var<storage, read> cursor: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<Act4>;

override GROUP: u32 = 1u; // heads per workgroup, at most 4
override SLOTS: u32 = 2u; // vec4s of a row per invocation, at most 4

const NONE = -3e38; // stands for -∞, which WGSL does not promise

fn handed(value: vec4f, lane: u32) -> vec4f {
  return vec4f(
    subgroupShuffle(value.x, lane), subgroupShuffle(value.y, lane), subgroupShuffle(value.z, lane), subgroupShuffle(value.w, lane),
  );
}

@compute @workgroup_size(8)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let width4 = params.width / 4u;
  let sharing = params.heads / params.kvHeads;
  let groups = (sharing + GROUP - 1u) / GROUP;
  let kvHead = workgroup.x / groups;
  let firstHead = workgroup.x % groups * GROUP;
  let heads = min(GROUP, sharing - firstHead);
  let head = kvHead * sharing + firstHead;
  let stride = params.kvHeads * width4;
  let count = min(cursor[POSITION] + 1u, params.capacity);

  var query = array<vec4f, 16>(); // [GROUP, SLOTS]
  for (var h = 0u; h < GROUP; h++) {
    for (var i = 0u; i < SLOTS; i++) {
      let column = 8u * i + lane;
      let loaded = vec4f(q[(head + min(h, heads - 1u)) * width4 + min(column, width4 - 1u)]);
      query[h * SLOTS + i] = select(vec4f(), loaded * inverseSqrt(f32(params.width)), column < width4);
    }
  }
  var best = vec4f(NONE);
  var sum = vec4f();
  var sums = array<vec4f, 16>(); // [GROUP, SLOTS]
  for (var first = 0u; first < count; first += 8u) {
    let key = min(first + lane, count - 1u) * stride + kvHead * width4;
    var scores = vec4f();
    for (var c = 0u; c < params.span; c++) {
      for (var i = 0u; i < SLOTS; i++) {
        let columns = vec4f(keys[key + min(8u * i + c, width4 - 1u)]);
        for (var h = 0u; h < GROUP; h++) { scores[h] += dot(columns, handed(query[h * SLOTS + i], c)); }
      }
    }
    let valid = first + lane < count;
    scores = select(vec4f(NONE), scores, valid);
    var next = scores;
    for (var h = 0u; h < GROUP; h++) {
      next[h] = max(next[h], subgroupShuffle(next[h], lane ^ 1u));
      next[h] = max(next[h], subgroupShuffle(next[h], lane ^ 2u));
      next[h] = max(next[h], subgroupShuffle(next[h], lane ^ 4u));
    }
    next = max(best, next);
    let shrink = exp(best - next);
    let weight = select(vec4f(), exp(scores - next), valid);
    best = next;
    sum = sum * shrink + weight;
    for (var s = 0u; s < GROUP * SLOTS; s++) { sums[s] *= shrink[s / SLOTS]; }
    for (var j = first; j < min(first + 8u, count); j++) {
      for (var i = 0u; i < SLOTS; i++) {
        let columns = vec4f(values[j * stride + kvHead * width4 + min(8u * i + lane, width4 - 1u)]);
        for (var h = 0u; h < GROUP; h++) { sums[h * SLOTS + i] += columns * subgroupShuffle(weight[h], j - first); }
      }
    }
  }
  for (var h = 0u; h < GROUP; h++) {
    sum[h] += subgroupShuffle(sum[h], lane ^ 1u);
    sum[h] += subgroupShuffle(sum[h], lane ^ 2u);
    sum[h] += subgroupShuffle(sum[h], lane ^ 4u);
    for (var i = 0u; i < SLOTS; i++) {
      let column = 8u * i + lane;
      if (h < heads && column < width4) { y[(head + h) * width4 + column] = Act4(sums[h * SLOTS + i] / sum[h]); }
    }
  }
}
