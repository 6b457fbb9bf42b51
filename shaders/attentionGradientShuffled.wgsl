// The gradient of attention, as in attentionGradient.wgsl, on devices with subgroups whose loads are dear against their arithmetic;
// widths up to 128 that are multiples of 4. The eight invocations of a workgroup have every eighth vec4 of eight heads each, in
// registers. What they multiply is added over the columns by shuffling, so that invocation i gets the score of the i-th of the
// eight; then its p and ds are handed around in turn. Loops that load begin at a number that no compiler knows, lest it unrolls them.
// rows: the eight are lines, pairs of a row and a head of those that share keys and values, and meet key after key.
// keys: the eight are keys, and meet the rows of every head that shares them.
import package::act::{Act, Act4};
import package::cursor::POSITION;

enable subgroups;

struct Params {
  rows: u32, keys: u32, heads: u32, kvHeads: u32,
  qStride: u32, kStride: u32, vStride: u32, qOffset: u32, kOffset: u32, vOffset: u32, causal: u32, width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> k: array<Act4>;
@group(0) @binding(3) var<storage, read> v: array<Act4>;
@group(0) @binding(4) var<storage, read> cursor: array<u32>;
@group(0) @binding(5) var<storage, read> dy: array<Act4>;
@group(0) @binding(6) var<storage, read> lines: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> dq: array<Act4>;
@group(0) @binding(8) var<storage, read_write> dk: array<Act4>;
@group(0) @binding(9) var<storage, read_write> dv: array<Act4>;

override SLOTS: u32 = 2u; // vec4s of a head per invocation: width / 32, rounded up; at most 4
override TOGETHER: bool = false; // dk and dv are one tensor, bound as dk

const SIZE = 8u;

// The sum over all invocations of a[lane].
fn gathered(a: array<f32, 8>, lane: u32) -> f32 {
  var b = array<f32, 4>();
  for (var i = 0u; i < 4u; i++) {
    let upper = (lane & 4u) != 0u;
    b[i] = select(a[i], a[i + 4u], upper) + subgroupShuffle(select(a[i + 4u], a[i], upper), lane ^ 4u);
  }
  var c = array<f32, 2>();
  for (var i = 0u; i < 2u; i++) {
    let upper = (lane & 2u) != 0u;
    c[i] = select(b[i], b[i + 2u], upper) + subgroupShuffle(select(b[i + 2u], b[i], upper), lane ^ 2u);
  }
  let upper = (lane & 1u) != 0u;
  return select(c[0], c[1], upper) + subgroupShuffle(select(c[1], c[0], upper), lane ^ 1u);
}

// Products of eight rows with one, added over the columns: that of row `lane`.
fn products(own: array<vec4f, 32>, other: array<vec4f, 4>, lane: u32) -> f32 {
  var sums = array<f32, 8>();
  for (var r = 0u; r < SIZE; r++) {
    var sum = vec4f();
    for (var i = 0u; i < SLOTS; i++) { sum = fma(own[r * SLOTS + i], other[i], sum); }
    sums[r] = (sum.x + sum.y) + (sum.z + sum.w);
  }
  return gathered(sums, lane);
}

// sums[r, i] by selection, so that sums stays in registers.
fn pick(sums: array<vec4f, 32>, r: u32, i: u32) -> vec4f {
  var value = vec4f();
  for (var c = 0u; c < SIZE; c++) { value = select(value, sums[c * SLOTS + i], c == r); }
  return value;
}

@compute @workgroup_size(SIZE)
fn rows(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let kvHead = workgroup.y;
  let image = workgroup.z;
  let sharing = params.heads / params.kvHeads;
  let first = workgroup.x * SIZE;
  let end = min(first + SIZE, params.rows * sharing);
  let width4 = params.width / 4u;
  let position = select(0u, cursor[POSITION], params.causal == 2u);
  let scale = inverseSqrt(f32(params.width));
  let mine = min(first + lane, end - 1u);
  let row = mine / sharing;
  let head = kvHead * sharing + mine % sharing;
  let line = (image * params.rows + row) * params.heads + head;
  let known = lines[line];
  let qAt = (params.qOffset + (image * params.rows + row) * params.qStride) / 4u + head * width4;
  let kAt = (params.kOffset + image * params.keys * params.kStride) / 4u + kvHead * width4;
  let vAt = (params.vOffset + image * params.keys * params.vStride) / 4u + kvHead * width4;
  var seen = params.keys;
  var count = params.keys;
  if (params.causal != 0u) {
    seen = min(seen, position + row + 1u);
    count = min(count, position + (end - 1u) / sharing + 1u);
  }

  var queries = array<vec4f, 32>(); // [8 lines, SLOTS]
  var arrived = array<vec4f, 32>();
  for (var l = first; l < end; l++) {
    let fromQ = subgroupShuffle(qAt, l - first);
    let fromDy = subgroupShuffle(line, l - first) * width4;
    for (var i = 0u; i < SLOTS; i++) {
      let column = SIZE * i + lane;
      let query = vec4f(q[fromQ + min(column, width4 - 1u)]);
      let came = vec4f(dy[fromDy + min(column, width4 - 1u)]);
      for (var r = 0u; r < SIZE; r++) {
        let here = first + r == l && column < width4;
        queries[r * SLOTS + i] = select(queries[r * SLOTS + i], query, here);
        arrived[r * SLOTS + i] = select(arrived[r * SLOTS + i], came, here);
      }
    }
  }

  var sums = array<vec4f, 32>();
  for (var j = 0u; j < count; j++) {
    var key = array<vec4f, 4>();
    var value = array<vec4f, 4>();
    for (var i = 0u; i < SLOTS; i++) {
      let column = min(SIZE * i + lane, width4 - 1u);
      key[i] = vec4f(k[kAt + j * (params.kStride / 4u) + column]);
      value[i] = vec4f(v[vAt + j * (params.vStride / 4u) + column]);
    }
    let weight = exp(min(products(queries, key, lane) * scale - known.x, 0.0));
    let score = select(0.0, weight * (products(arrived, value, lane) - known.y) * scale, j < seen);
    for (var r = 0u; r < SIZE; r++) {
      let ds = vec4f(subgroupShuffle(score, r));
      for (var i = 0u; i < SLOTS; i++) { sums[r * SLOTS + i] = fma(ds, key[i], sums[r * SLOTS + i]); }
    }
  }

  for (var l = first; l < end; l++) {
    let to = subgroupShuffle(qAt, l - first);
    for (var i = 0u; i < SLOTS; i++) {
      if (SIZE * i + lane < width4) { dq[to + SIZE * i + lane] = Act4(pick(sums, l - first, i)); }
    }
  }
}

@compute @workgroup_size(SIZE)
fn keys(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let kvHead = workgroup.y;
  let image = workgroup.z;
  let sharing = params.heads / params.kvHeads;
  let first = workgroup.x * SIZE;
  let end = min(first + SIZE, params.keys);
  let width4 = params.width / 4u;
  let position = select(0u, cursor[POSITION], params.causal == 2u);
  let scale = inverseSqrt(f32(params.width));
  let kAt = (params.kOffset + image * params.keys * params.kStride) / 4u + kvHead * width4;
  let vAt = (params.vOffset + image * params.keys * params.vStride) / 4u + kvHead * width4;

  var ownKeys = array<vec4f, 32>(); // [8 keys, SLOTS]
  var ownValues = array<vec4f, 32>();
  for (var j = first; j < end; j++) {
    for (var i = 0u; i < SLOTS; i++) {
      let column = SIZE * i + lane;
      let key = vec4f(k[kAt + j * (params.kStride / 4u) + min(column, width4 - 1u)]);
      let value = vec4f(v[vAt + j * (params.vStride / 4u) + min(column, width4 - 1u)]);
      for (var r = 0u; r < SIZE; r++) {
        let here = first + r == j && column < width4;
        ownKeys[r * SLOTS + i] = select(ownKeys[r * SLOTS + i], key, here);
        ownValues[r * SLOTS + i] = select(ownValues[r * SLOTS + i], value, here);
      }
    }
  }

  var keySums = array<vec4f, 32>();
  var valueSums = array<vec4f, 32>();
  var begin = 0u;
  var firstSeeing = 0u;
  if (params.causal != 0u) {
    begin = first - min(first, position);
    firstSeeing = first + lane - min(first + lane, position);
  }
  for (var head = kvHead * sharing; head < (kvHead + 1u) * sharing; head++) {
    for (var row = begin; row < params.rows; row++) {
      let at = image * params.rows + row;
      let line = at * params.heads + head;
      let known = lines[line];
      var query = array<vec4f, 4>();
      var came = array<vec4f, 4>();
      for (var i = 0u; i < SLOTS; i++) {
        let column = min(SIZE * i + lane, width4 - 1u);
        query[i] = vec4f(q[(params.qOffset + at * params.qStride) / 4u + head * width4 + column]);
        came[i] = vec4f(dy[line * width4 + column]);
      }
      let weight = select(0.0, exp(min(products(ownKeys, query, lane) * scale - known.x, 0.0)), row >= firstSeeing);
      let score = select(0.0, weight * (products(ownValues, came, lane) - known.y) * scale, row >= firstSeeing);
      for (var r = 0u; r < SIZE; r++) {
        let p = vec4f(subgroupShuffle(weight, r));
        let ds = vec4f(subgroupShuffle(score, r));
        for (var i = 0u; i < SLOTS; i++) {
          keySums[r * SLOTS + i] = fma(ds, query[i], keySums[r * SLOTS + i]);
          valueSums[r * SLOTS + i] = fma(p, came[i], valueSums[r * SLOTS + i]);
        }
      }
    }
  }

  for (var j = first; j < end; j++) {
    for (var i = 0u; i < SLOTS; i++) {
      let column = SIZE * i + lane;
      if (column < width4) {
        dk[kAt + j * (params.kStride / 4u) + column] = Act4(pick(keySums, j - first, i));
        let toV = vAt + j * (params.vStride / 4u) + column;
        let value = Act4(pick(valueSums, j - first, i));
        if (TOGETHER) { dk[toV] = value; } else { dv[toV] = value; }
      }
    }
  }
}
