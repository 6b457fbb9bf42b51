// rotary: with p the position of row t, a_i = p · theta^(-2i/K) and i < K/2, each head of width K turns its pairs (i, i + K/2):
//   y[i] = x[i] cos a_i - x[i + K/2] sin a_i,   y[i + K/2] = x[i + K/2] cos a_i + x[i] sin a_i
// Su et al. 2021, arXiv:2104.09864; halves instead of neighbours are paired, as in Llama. Row t has position cursor[0] + t.
// forward: x, y [rows, heads · K]. toCache: qkv [rows, (heads + 2 kvHeads) · K] into q [rows, heads · K] and, at the rows of
// their positions, keys (turned) and values [capacity, kvHeads · K]. fused: x, y [B · rows, (heads + 2 kvHeads) · K], row t of a
// sequence at position t, values copied. One workgroup per row and HEADS of its heads; an invocation turns a pair of each.
// fused4: the same for widths that are multiples of 8, four pairs at a time, for CPU drivers.
// The gradient turns back: dx = y(dy) with -a_i in place of a_i.
// Angles are exact: a frequency is a fraction of a turn in fixed point of 44 bits, whose product with a position wraps by itself.
import package::act::{Act, Act4};
import package::cursor::POSITION;
import package::flat::rowIndex;

struct Params { rows: u32, heads: u32, kvHeads: u32, width: u32, capacity: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> frequencies: array<vec2u>; // per pair: the upper 32 bits, the lower 12
@group(0) @binding(2) var<storage, read> cursor: array<u32>;
@group(0) @binding(3) var<storage, read> x: array<Act>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;
@group(0) @binding(5) var<storage, read> qkv: array<Act>;
@group(0) @binding(6) var<storage, read_write> q: array<Act>;
@group(0) @binding(7) var<storage, read_write> keys: array<Act>;
@group(0) @binding(8) var<storage, read_write> values: array<Act>;
@group(0) @binding(9) var<storage, read> x4: array<Act4>;
@group(0) @binding(10) var<storage, read_write> y4: array<Act4>;

override HEADS: u32 = 1u; // per workgroup
override BACK: bool = false; // turns the other way: the gradient of forward and fused

// (cos, sin) of `turn` / 2^32 turns: the nearest quarter turn and Taylor's series for the rest, which is at most π/4.
fn cosSin(turn: u32) -> vec2f {
  let quarter = (turn + 0x20000000u) >> 30u;
  let angle = f32(bitcast<i32>(turn - (quarter << 30u))) * 1.4629180793e-9;
  let square = angle * angle;
  let c = 1.0 + square * (-0.5 + square * (0.041666667 + square * (-0.0013888889 + square * 2.4801587e-5)));
  let s = angle * (1.0 + square * (-0.16666667 + square * (0.0083333333 + square * (-1.9841270e-4 + square * 2.7557319e-6))));
  switch quarter & 3u {
    case 0u: { return vec2f(c, s); }
    case 1u: { return vec2f(-s, c); }
    case 2u: { return vec2f(-c, -s); }
    default: { return vec2f(s, -c); }
  }
}

fn direction(position: u32, i: u32) -> vec2f {
  let frequency = frequencies[i];
  let turn = position * frequency.x + ((position * frequency.y) >> 12u);
  return cosSin(select(turn, ~turn + 1u, BACK));
}

fn turned(pair: vec2f, to: vec2f) -> vec2f {
  return vec2f(pair.x * to.x - pair.y * to.y, pair.y * to.x + pair.x * to.y);
}

@compute @workgroup_size(32)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  if (row >= params.rows) { return; }
  let pairs = params.width / 2u;
  let first = workgroup.x * HEADS;
  for (var i = local; i < pairs; i += 32u) {
    let to = direction(cursor[POSITION] + row, i);
    for (var head = first; head < min(first + HEADS, params.heads); head++) {
      let at = (row * params.heads + head) * params.width + i;
      let result = turned(vec2f(f32(x[at]), f32(x[at + pairs])), to);
      y[at] = Act(result.x);
      y[at + pairs] = Act(result.y);
    }
  }
}

@compute @workgroup_size(32)
fn fused(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let pairs = params.width / 2u;
  let allHeads = params.heads + 2u * params.kvHeads;
  let first = workgroup.x * HEADS;
  let row = workgroup.z * params.rows + workgroup.y;
  for (var i = local; i < pairs; i += 32u) {
    let to = direction(workgroup.y, i);
    for (var head = first; head < min(first + HEADS, allHeads); head++) {
      let at = (row * allHeads + head) * params.width + i;
      let pair = vec2f(f32(x[at]), f32(x[at + pairs]));
      let result = select(pair, turned(pair, to), head < params.heads + params.kvHeads);
      y[at] = Act(result.x);
      y[at + pairs] = Act(result.y);
    }
  }
}

@compute @workgroup_size(8)
fn fused4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let pairs4 = params.width / 8u;
  let first = workgroup.x * HEADS;
  let allHeads = params.heads + 2u * params.kvHeads;
  let row = workgroup.z * params.rows + workgroup.y;
  for (var i = local; i < pairs4; i += 8u) {
    var c = vec4f();
    var s = vec4f();
    for (var j = 0u; j < 4u; j++) {
      let to = direction(workgroup.y, 4u * i + j);
      c[j] = to.x;
      s[j] = to.y;
    }
    for (var head = first; head < min(first + HEADS, allHeads); head++) {
      let at = (row * allHeads + head) * 2u * pairs4 + i;
      let low = vec4f(x4[at]);
      let high = vec4f(x4[at + pairs4]);
      let turns = head < params.heads + params.kvHeads;
      y4[at] = Act4(select(low, low * c - high * s, turns));
      y4[at + pairs4] = Act4(select(high, high * c + low * s, turns));
    }
  }
}

@compute @workgroup_size(32)
fn toCache(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  if (row >= params.rows) { return; }
  let pairs = params.width / 2u;
  let position = cursor[POSITION] + row;
  let allHeads = params.heads + 2u * params.kvHeads;
  let first = workgroup.x * HEADS;
  for (var i = local; i < pairs; i += 32u) {
    let to = direction(position, i);
    for (var head = first; head < min(first + HEADS, allHeads); head++) {
      let source = (row * allHeads + head) * params.width + i;
      let pair = vec2f(f32(qkv[source]), f32(qkv[source + pairs]));
      let result = turned(pair, to);
      if (head < params.heads) {
        let at = (row * params.heads + head) * params.width + i;
        q[at] = Act(result.x);
        q[at + pairs] = Act(result.y);
      } else if (position < params.capacity) {
        let kvHead = head - params.heads;
        if (kvHead < params.kvHeads) {
          let at = (position * params.kvHeads + kvHead) * params.width + i;
          keys[at] = Act(result.x);
          keys[at + pairs] = Act(result.y);
        } else {
          let at = (position * params.kvHeads + kvHead - params.kvHeads) * params.width + i;
          values[at] = Act(pair.x);
          values[at + pairs] = Act(pair.y);
        }
      }
    }
  }
}
