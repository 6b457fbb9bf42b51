// The gradient of attention. With s = q · k / sqrt(K), L[t, h] the statistics of forward and p[t, h, j] = exp(s[t, h, j] - L[t, h]):
//   delta[t, h] = dy[t, h] · y[t, h],   ds[t, h, j] = p[t, h, j] (dy[t, h] · v[j, g] - delta[t, h]) / sqrt(K)
//   dq[t, h] = sum_j ds[t, h, j] k[j, g],   dk[j, g] = sum_{t, h} ds[t, h, j] q[t, h],   dv[j, g] = sum_{t, h} p[t, h, j] dy[t, h]
// h runs over the heads that share g. Dao et al. 2022, arXiv:2205.14135. Gradients lie like what they belong to; dk and dv may be
// one tensor. delta: lines[t, h] = (L, delta), an invocation has one. rows and keys: one workgroup per head and 16 rows (or keys),
// over tiles of 64 keys (or rows): first an invocation makes p and ds of 4 by 4; then it adds the tile to 4 of the workgroup's
// rows (or keys) and 4 columns of every 64. Sums have a fixed order.
import package::act::{Act, Act4};
import package::cursor::POSITION;
import package::flat::flatIndex;

struct Params {
  rows: u32, keys: u32, heads: u32, kvHeads: u32, qStride: u32, kStride: u32, vStride: u32, qOffset: u32, kOffset: u32, vOffset: u32,
  causal: u32, width: u32, lines: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Act4>;
@group(0) @binding(2) var<storage, read> k: array<Act4>;
@group(0) @binding(3) var<storage, read> v: array<Act4>;
@group(0) @binding(4) var<storage, read> cursor: array<u32>;
@group(0) @binding(5) var<storage, read> dy: array<Act4>;
@group(0) @binding(6) var<storage, read> lines: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> dq: array<Act>;
@group(0) @binding(8) var<storage, read_write> dk: array<Act>;
@group(0) @binding(9) var<storage, read_write> dv: array<Act>;
@group(0) @binding(10) var<storage, read> y: array<Act4>;
@group(0) @binding(11) var<storage, read> statistics: array<f32>;
@group(0) @binding(12) var<storage, read_write> into: array<vec2f>;

override CHUNKS: u32 = 4u; // of 64 columns; at most 4
override ALIGNED: bool = false; // width, strides and offsets are multiples of 4
override TOGETHER: bool = false; // dk and dv are one tensor, bound as dk

const OWN = 16u;
const TILE = 64u;

var<workgroup> scores: array<vec4f, 256>; // ds [TILE, 4 groups]
var<workgroup> weights: array<vec4f, 256>; // p [TILE, 4 groups]

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

fn loadDy(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(dy[(at + column) / 4u]); }
  var values = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    values[i - at - column] = f32(dy[i / 4u][i % 4u]);
  }
  return values;
}

fn loadY(at: u32, column: u32) -> vec4f {
  if (ALIGNED) { return vec4f(y[(at + column) / 4u]); }
  var values = vec4f();
  for (var i = at + column; i < min(at + column + 4u, at + params.width); i++) {
    values[i - at - column] = f32(y[i / 4u][i % 4u]);
  }
  return values;
}

@compute @workgroup_size(64)
fn delta(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = flatIndex(workgroup, count, local, 64u);
  if (line >= params.lines) { return; }
  let at = line * params.width;
  var sum = 0.0;
  for (var column = 0u; column < params.width; column += 4u) { sum += dot(loadY(at, column), loadDy(at, column)); }
  into[line] = vec2f(statistics[line], sum);
}

// The place of the first row among the keys.
fn position() -> u32 {
  return select(0u, cursor[POSITION], params.causal == 2u);
}

@compute @workgroup_size(64)
fn rows(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.y;
  let image = workgroup.z;
  let kvHead = head / (params.heads / params.kvHeads);
  let kHead = params.kOffset + image * params.keys * params.kStride + kvHead * params.width;
  let vHead = params.vOffset + image * params.keys * params.vStride + kvHead * params.width;
  let group = local / 16u;
  let lane = local % 16u;
  let row = workgroup.x * OWN + 4u * group;
  let own = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(params.rows - 1u));
  var seen = vec4u(params.keys);
  var count = params.keys;
  if (params.causal != 0u) {
    seen = min(seen, position() + own + 1u);
    count = min(count, position() + min(workgroup.x * OWN + OWN, params.rows));
  }
  let line = (image * params.rows + own) * params.heads + head;
  let qAt = params.qOffset + (image * params.rows + own) * params.qStride + head * params.width;
  let known = array<vec2f, 4>(lines[line.x], lines[line.y], lines[line.z], lines[line.w]);
  let logs = vec4f(known[0].x, known[1].x, known[2].x, known[3].x);
  let deltas = vec4f(known[0].y, known[1].y, known[2].y, known[3].y);
  let scale = inverseSqrt(f32(params.width));

  var sums = array<vec4f, 16>(); // [CHUNKS, 4 rows]
  for (var first = 0u; first < count; first += TILE) {
    let keys = first + lane + vec4u(0u, 16u, 32u, 48u);
    let from4 = min(keys, vec4u(count - 1u));
    var s = array<vec4f, 4>(); // [4 keys, 4 rows]
    var dp = array<vec4f, 4>();
    for (var column = 0u; column < params.width; column += 4u) {
      let q4 = array<vec4f, 4>(loadQ(qAt.x, column), loadQ(qAt.y, column), loadQ(qAt.z, column), loadQ(qAt.w, column));
      let at = line * params.width;
      let d4 = array<vec4f, 4>(loadDy(at.x, column), loadDy(at.y, column), loadDy(at.z, column), loadDy(at.w, column));
      for (var i = 0u; i < 4u; i++) {
        let key = loadK(kHead + from4[i] * params.kStride, column);
        let value = loadV(vHead + from4[i] * params.vStride, column);
        s[i] += vec4f(dot(q4[0], key), dot(q4[1], key), dot(q4[2], key), dot(q4[3], key));
        dp[i] += vec4f(dot(d4[0], value), dot(d4[1], value), dot(d4[2], value), dot(d4[3], value));
      }
    }
    for (var i = 0u; i < 4u; i++) {
      let weight = exp(min(s[i] * scale - logs, vec4f()));
      scores[(lane + 16u * i) * 4u + group] = select(vec4f(), weight * (dp[i] - deltas) * scale, vec4u(keys[i]) < seen);
    }
    workgroupBarrier();
    for (var j = first; j < min(first + TILE, count); j++) {
      let score = scores[(j - first) * 4u + group];
      for (var c = 0u; c < CHUNKS; c++) {
        let column = 64u * c + 4u * lane;
        if (column < params.width) {
          let key = loadK(kHead + j * params.kStride, column);
          for (var r = 0u; r < 4u; r++) { sums[4u * c + r] += score[r] * key; }
        }
      }
    }
    workgroupBarrier();
  }

  for (var r = 0u; r < min(4u, params.rows - min(row, params.rows)); r++) {
    for (var c = 0u; c < CHUNKS; c++) {
      let column = 64u * c + 4u * lane;
      for (var i = column; i < min(column + 4u, params.width); i++) { dq[qAt[r] + i] = Act(sums[4u * c + r][i - column]); }
    }
  }
}

@compute @workgroup_size(64)
fn keys(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let kvHead = workgroup.y;
  let image = workgroup.z;
  let sharing = params.heads / params.kvHeads;
  let group = local / 16u;
  let lane = local % 16u;
  let key = workgroup.x * OWN + 4u * group;
  let own = min(vec4u(key, key + 1u, key + 2u, key + 3u), vec4u(params.keys - 1u));
  let kAt = params.kOffset + (image * params.keys + own) * params.kStride + kvHead * params.width;
  let vAt = params.vOffset + (image * params.keys + own) * params.vStride + kvHead * params.width;
  let scale = inverseSqrt(f32(params.width));
  var begin = 0u;
  var firstSeeing = vec4u();
  if (params.causal != 0u) {
    begin = workgroup.x * OWN - min(workgroup.x * OWN, position());
    firstSeeing = own - min(own, vec4u(position()));
  }

  var keySums = array<vec4f, 16>(); // [CHUNKS, 4 keys]
  var valueSums = array<vec4f, 16>();
  for (var head = kvHead * sharing; head < (kvHead + 1u) * sharing; head++) {
    let qHead = params.qOffset + image * params.rows * params.qStride + head * params.width;
    for (var first = begin; first < params.rows; first += TILE) {
      let all = first + lane + vec4u(0u, 16u, 32u, 48u);
      let from4 = min(all, vec4u(params.rows - 1u));
      let line = (image * params.rows + from4) * params.heads + head;
      var s = array<vec4f, 4>(); // [4 rows, 4 keys]
      var dp = array<vec4f, 4>();
      for (var column = 0u; column < params.width; column += 4u) {
        let k4 = array<vec4f, 4>(loadK(kAt.x, column), loadK(kAt.y, column), loadK(kAt.z, column), loadK(kAt.w, column));
        let v4 = array<vec4f, 4>(loadV(vAt.x, column), loadV(vAt.y, column), loadV(vAt.z, column), loadV(vAt.w, column));
        for (var i = 0u; i < 4u; i++) {
          let query = loadQ(qHead + from4[i] * params.qStride, column);
          let arrived = loadDy(line[i] * params.width, column);
          s[i] += vec4f(dot(k4[0], query), dot(k4[1], query), dot(k4[2], query), dot(k4[3], query));
          dp[i] += vec4f(dot(v4[0], arrived), dot(v4[1], arrived), dot(v4[2], arrived), dot(v4[3], arrived));
        }
      }
      for (var i = 0u; i < 4u; i++) {
        let known = lines[line[i]];
        let sees = vec4<bool>(all[i] < params.rows) & (firstSeeing <= vec4u(all[i]));
        let weight = select(vec4f(), exp(min(s[i] * scale - known.x, vec4f())), sees);
        weights[(lane + 16u * i) * 4u + group] = weight;
        scores[(lane + 16u * i) * 4u + group] = select(vec4f(), weight * (dp[i] - known.y) * scale, sees);
      }
      workgroupBarrier();
      for (var t = first; t < min(first + TILE, params.rows); t++) {
        let weight = weights[(t - first) * 4u + group];
        let score = scores[(t - first) * 4u + group];
        for (var c = 0u; c < CHUNKS; c++) {
          let column = 64u * c + 4u * lane;
          if (column < params.width) {
            let query = loadQ(qHead + t * params.qStride, column);
            let arrived = loadDy(((image * params.rows + t) * params.heads + head) * params.width, column);
            for (var r = 0u; r < 4u; r++) {
              keySums[4u * c + r] += score[r] * query;
              valueSums[4u * c + r] += weight[r] * arrived;
            }
          }
        }
      }
      workgroupBarrier();
    }
  }

  for (var r = 0u; r < min(4u, params.keys - min(key, params.keys)); r++) {
    for (var c = 0u; c < CHUNKS; c++) {
      let column = 64u * c + 4u * lane;
      for (var i = column; i < min(column + 4u, params.width); i++) {
        dk[kAt[r] + i] = Act(keySums[4u * c + r][i - column]);
        let value = Act(valueSums[4u * c + r][i - column]);
        if (TOGETHER) { dk[vAt[r] + i] = value; } else { dv[vAt[r] + i] = value; }
      }
    }
  }
}
