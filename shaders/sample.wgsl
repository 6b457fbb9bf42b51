// sample: chooses the next token and moves the cursor on, in one dispatch of one workgroup
// logits [size]; seen, a bit per token, set for those of the context; settings and cursor by the indices below and in cursor.wgsl.
// 1. A seen token's logit l becomes l / penalty where l > 0, else l · penalty. Keskar et al. 2019, arXiv:1909.05858.
// 2. Temperature 0: the largest logit, the lowest id of equals. Else p = softmax(l / temperature), and kept are, in this order, the
//    topK largest; of these the largest that together reach topP of their mass; those with at least minP of the largest p.
//    Equals at a threshold are all kept. A threshold is found exactly, 8 bits a round, by counts or masses of the logits' ordered
//    bits; masses are sums in fixed point, so the order of additions cannot change them.
// 3. The token with the largest l / temperature + g among the kept, g = -log(-log u) and u uniform by a hash of seed, step and id:
//    a draw from the softmax over them (Gumbel-max). The same seed gives the same tokens on the same logits.
// NaN and -∞ are never chosen; where there is nothing else, cursor[FAULT] is set. Each invocation strides over the logits.
import package::cursor::{POSITION, TOKEN, STEP, FAULT};

struct Params { size: u32, rows: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> settings: array<u32>;
@group(0) @binding(3) var<storage, read_write> seen: array<u32>;
@group(0) @binding(4) var<storage, read_write> cursor: array<u32>;

const TEMPERATURE = 0u;
const TOP_K = 1u;
const TOP_P = 2u;
const MIN_P = 3u;
const PENALTY = 4u;
const SEED = 5u;

override SIZE: u32 = 256u;
const UNIT = 4096.0; // of the upper words of masses: sums of a million tokens fit, steps are 2^-44

var<workgroup> largest: atomic<u32>;
var<workgroup> winner: atomic<u32>;
var<workgroup> upper: array<atomic<u32>, 256>;
var<workgroup> lower: array<atomic<u32>, 256>;
var<workgroup> prefix: u32; // the threshold's bits found so far
var<workgroup> aim: f32; // count or mass that the kept must reach
var<workgroup> above: f32; // of what is surely kept

// Bits whose unsigned order is the order of floats; 0 for NaN and -∞, which come last.
fn ordered(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u || bits == 0xff800000u) { return 0u; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn unordered(bits: u32) -> f32 {
  return bitcast<f32>(select(~bits, bits & 0x7fffffffu, bits >= 0x80000000u));
}

fn candidate(i: u32, penalty: f32) -> u32 {
  let bits = ordered(logits[i]);
  if (penalty == 1.0 || bits == 0u || ((seen[i / 32u] >> (i % 32u)) & 1u) == 0u) { return bits; }
  let x = unordered(bits);
  return ordered(select(x * penalty, x / penalty, x > 0.0));
}

// O'Neill 2014, PCG; Jarzynski & Olano 2020, as a hash.
fn hash(x: u32) -> u32 {
  let state = x * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

fn gumbel(id: u32, step: u32) -> f32 {
  let uniform01 = (f32(hash(hash(hash(settings[SEED]) + step) + id) >> 9u) + 0.5) / 8388608.0;
  return -log(-log(uniform01));
}

// Adds the bins from the top, finds the one in which `aim` is reached, and makes it the next digit of the threshold.
fn chooseDigit(shift: u32, byMass: bool, amount: f32) {
  if (shift == 24u) {
    var total = 0.0;
    for (var bin = 0u; bin < 256u; bin++) { total += binMass(bin); }
    aim = select(amount * UNIT, amount * total, byMass);
    above = 0.0;
    prefix = 0u;
  }
  var digit = 0u;
  var reached = above;
  for (var bin = 255; bin >= 0; bin--) {
    let mass = binMass(u32(bin));
    if (mass > 0.0) {
      digit = u32(bin);
      above = reached;
      reached += mass;
      if (reached >= aim) { break; }
    }
  }
  prefix |= digit << shift;
}

fn binMass(bin: u32) -> f32 {
  return f32(atomicLoad(&upper[bin])) + f32(atomicLoad(&lower[bin])) / 4294967296.0;
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(local_invocation_index) local: u32) {
  let temperature = bitcast<f32>(settings[TEMPERATURE]);
  let penalty = bitcast<f32>(settings[PENALTY]);
  let step = cursor[STEP];
  if (local == 0u) { atomicStore(&winner, params.size); }

  var best = 0u;
  var id = params.size;
  for (var i = local; i < params.size; i += SIZE) {
    let bits = candidate(i, penalty);
    if (bits > best) {
      best = bits;
      id = i;
    }
  }
  atomicMax(&largest, best);
  workgroupBarrier();
  let top = atomicLoad(&largest);
  var draw = best;

  if (temperature > 0.0) {
    let peak = unordered(top);
    var lowest = 1u; // the ordered bits of the smallest logit that is kept
    for (var round = 0u; round < 8u; round++) {
      let byMass = round >= 4u;
      let shift = 24u - 8u * (round % 4u);
      let topP = bitcast<f32>(settings[TOP_P]);
      let topK = settings[TOP_K];
      if (select(topK == 0u || topK >= params.size, topP >= 1.0, byMass)) { continue; }
      for (var bin = local; bin < 256u; bin += SIZE) {
        atomicStore(&upper[bin], 0u);
        atomicStore(&lower[bin], 0u);
      }
      workgroupBarrier();
      let found = prefix;
      for (var i = local; i < params.size; i += SIZE) {
        let bits = candidate(i, penalty);
        if (bits >= lowest && (shift == 24u || bits >> ((shift + 8u) % 32u) == found >> ((shift + 8u) % 32u))) {
          let mass = UNIT * select(1.0, exp(max((unordered(bits) - peak) / temperature, -100.0)), byMass);
          let bin = (bits >> shift) & 255u;
          let part = u32(fract(mass) * 4294967296.0);
          let old = atomicAdd(&lower[bin], part);
          atomicAdd(&upper[bin], u32(mass) + select(0u, 1u, old + part < old));
        }
      }
      workgroupBarrier();
      if (local == 0u) { chooseDigit(shift, byMass, select(f32(topK), topP, byMass)); }
      workgroupBarrier();
      if (shift == 0u) { lowest = max(lowest, prefix); }
    }
    let minP = bitcast<f32>(settings[MIN_P]);
    draw = 0u;
    id = params.size;
    for (var i = local; i < params.size; i += SIZE) {
      let bits = candidate(i, penalty);
      let offset = max((unordered(bits) - peak) / temperature, -1e30);
      if (bits >= lowest && (minP <= 0.0 || offset >= log(minP))) {
        let value = ordered(offset + gumbel(i, step));
        if (value > draw) {
          draw = value;
          id = i;
        }
      }
    }
    workgroupBarrier();
    if (local == 0u) { atomicStore(&largest, 0u); }
    workgroupBarrier();
    atomicMax(&largest, draw);
    workgroupBarrier();
  }

  if (draw > 0u && draw == atomicLoad(&largest)) { atomicMin(&winner, id); }
  workgroupBarrier();
  if (local == 0u) {
    let token = atomicLoad(&winner);
    cursor[POSITION] += params.rows;
    cursor[STEP] = step + 1u;
    if (token < params.size) {
      cursor[TOKEN] = token;
      seen[token / 32u] |= 1u << (token % 32u);
    } else {
      cursor[TOKEN] = 0u;
      cursor[FAULT] = 1u;
    }
  }
}
