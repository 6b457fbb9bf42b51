// attention, as in attention.wgsl, on devices with subgroups whose loads are dear against their arithmetic; widths up to 128 that
// are multiples of 4. An invocation has a row of a head alone, its query and its sums in registers; the eight of a workgroup fetch
// a query, a key or a value together, every eighth vec4 each, and hand it around by shuffling. Few lines load and store, because
// a CPU driver compiles each of them into a page of code.
import package::act::{Act, Act4};
import package::cursor::POSITION;

enable subgroups;

struct Params {
  rows: u32, keys: u32, heads: u32, kvHeads: u32,
  qStride: u32, kStride: u32, vStride: u32, qOffset: u32, kOffset: u32, vOffset: u32, causal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> k: array<Act4>;
@group(0) @binding(3) var<storage, read> v: array<Act4>;
@group(0) @binding(4) var<storage, read> cursor: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<Act4>;
@group(0) @binding(6) var<storage, read_write> statistics: array<f32>;

override WIDTH: u32 = 64u;
override SLOTS: u32 = 2u; // WIDTH / 32, rounded up: a loop over the vec4s of a width of 128 is too long to be unrolled
override SAVE: bool = false; // write statistics

const SIZE = 8u;
const NONE = -3e38; // stands for -∞, which WGSL does not promise

fn handed(value: vec4f, lane: u32) -> vec4f {
  return vec4f(
    subgroupShuffle(value.x, lane), subgroupShuffle(value.y, lane), subgroupShuffle(value.z, lane), subgroupShuffle(value.w, lane),
  );
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let width4 = WIDTH / 4u;
  let head = workgroup.y;
  let image = workgroup.z;
  let kvHead = head / (params.heads / params.kvHeads);
  let first = workgroup.x * SIZE;
  let rows = min(SIZE, params.rows - first);
  let line = image * params.rows + first;
  let qAt = (params.qOffset + line * params.qStride) / 4u + head * width4;
  let kAt = (params.kOffset + image * params.keys * params.kStride) / 4u + kvHead * width4;
  let vAt = (params.vOffset + image * params.keys * params.vStride) / 4u + kvHead * width4;
  var seen = params.keys;
  var count = params.keys;
  if (params.causal != 0u) {
    let position = select(0u, cursor[POSITION], params.causal == 2u);
    seen = min(seen, position + first + min(lane, rows - 1u) + 1u);
    count = min(count, position + first + rows);
  }

  var query = array<vec4f, 32>();
  for (var r = 0u; r < rows; r++) {
    var mine = array<vec4f, 4>();
    for (var i = 0u; i < width4; i += 8u) { mine[i / 8u] = vec4f(q[qAt + r * params.qStride / 4u + min(i + lane, width4 - 1u)]); }
    for (var i = 0u; i < SLOTS; i++) {
      for (var c = 0u; c < SIZE; c++) { query[SIZE * i + c] = select(query[SIZE * i + c], handed(mine[i], c), lane == r); }
    }
  }
  var best = NONE;
  var sum = 0.0;
  var sums = array<vec4f, 32>();
  for (var j = 0u; j < count; j++) {
    var mine = array<vec4f, 4>();
    for (var i = 0u; i < width4; i += 8u) { mine[i / 8u] = vec4f(k[kAt + j * params.kStride / 4u + min(i + lane, width4 - 1u)]); }
    var score4 = vec4f();
    for (var i = 0u; i < SLOTS; i++) {
      for (var c = 0u; c < SIZE; c++) {
        if (SIZE * i + c < width4) { score4 += query[SIZE * i + c] * handed(mine[i], c); }
      }
    }
    let score = select(NONE, (score4.x + score4.y + score4.z + score4.w) * inverseSqrt(f32(WIDTH)), j < seen);
    let next = max(best, score);
    let shrink = exp(best - next);
    let weight = select(0.0, exp(score - next), j < seen);
    best = next;
    sum = sum * shrink + weight;
    for (var i = 0u; i < width4; i += 8u) { mine[i / 8u] = vec4f(v[vAt + j * params.vStride / 4u + min(i + lane, width4 - 1u)]); }
    for (var i = 0u; i < SLOTS; i++) {
      for (var c = 0u; c < SIZE; c++) { sums[SIZE * i + c] = sums[SIZE * i + c] * shrink + weight * handed(mine[i], c); }
    }
  }

  if (SAVE && lane < rows) { statistics[(line + lane) * params.heads + head] = best + log(sum); }
  for (var r = 0u; r < rows; r++) {
    var mine = array<vec4f, 4>();
    for (var i = 0u; i < SLOTS; i++) {
      for (var c = 0u; c < SIZE; c++) { mine[i] = select(mine[i], handed(sums[SIZE * i + c] / sum, r), lane == c); }
    }
    for (var i = 0u; i + lane < width4; i += 8u) { y[((line + r) * params.heads + head) * width4 + i + lane] = Act4(mine[i / 8u]); }
  }
}
