// crossEntropy: losses[r] = log Σ_v e^logits[r, v] - logits[r, label_r], with hits and the gradient of scale · Σ losses in the same pass
// logits [rows, width]; labels, losses, hits [rows]. A label of -100 is ignored: loss, hit and gradient are 0; no other label outside of
// the vocabulary is: its loss is NaN, as is that of a row with a NaN or +∞, whose bits are kept rather than computed.
// hits[r] = 1 where `sample` at temperature 0 would choose the label: nothing before it is as large, nothing behind it larger.
// Backward, where `gradient` is 1: logits[r, v] = (softmax(logits[r])[v] - [v = label_r]) · scale, in place of the logits.
// A row is read once for its streaming maximum and sum (Milakov & Gimelshein 2018, arXiv:1805.02867), and once more for the gradient.
// forward: one workgroup per row. forwardRows: one invocation per row, whose width is a multiple of 4, for devices where many rows
// go side by side as well as one does.
import package::flat::flatIndex;

struct Params { rows: u32, width: u32, scale: f32, gradient: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> logits4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> losses: array<u32>;
@group(0) @binding(5) var<storage, read_write> hits: array<f32>;

const SIZE = 128u;
const IGNORED = 0xffffff9cu; // -100
const NAN = 0x7fc00000u;
const LEAST = -100.0; // of exponents

// What one invocation, or several, have seen of a row; `beaten` where the label is not the first of the largest.
struct Seen { top: f32, sum: f32, highest: i32, lowest: i32, beaten: u32 }

var<workgroup> partial: array<Seen, SIZE>;

// The bits of x in the order of floats: from -NaN by -∞, -0, +0 and +∞ to +NaN.
fn ordered(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  return bits ^ ((bits >> 31u) & 0x7fffffff);
}

fn ordered4(x: vec4f) -> vec4i {
  let bits = bitcast<vec4i>(x);
  return bits ^ ((bits >> vec4u(31u)) & vec4i(0x7fffffff));
}

fn joined(a: Seen, b: Seen) -> Seen {
  let top = max(a.top, b.top);
  let sum = a.sum * exp(max(a.top - top, LEAST)) + b.sum * exp(max(b.top - top, LEAST));
  return Seen(top, sum, max(a.highest, b.highest), min(a.lowest, b.lowest), a.beaten | b.beaten);
}

// 0 for an ignored row, 2 for one without a loss, 1 for all others; -∞ among the logits is only a probability of 0.
fn verdict(label: u32, highest: i32, lowest: i32) -> u32 {
  if (label == IGNORED) { return 0u; }
  return select(1u, 2u, label >= params.width || highest >= 0x7f800000 || lowest < -0x7f800001);
}

fn conclude(row: u32, verdict: u32, loss: f32, beaten: bool) {
  losses[row] = select(select(NAN, bitcast<u32>(loss), verdict == 1u), 0u, verdict == 0u);
  hits[row] = f32(verdict == 1u && !beaten);
}

fn factorOf(verdict: u32) -> f32 {
  return bitcast<f32>(select(select(NAN, bitcast<u32>(params.scale), verdict == 1u), 0u, verdict == 0u));
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, 0u, 1u);
  if (row >= params.rows) { return; }
  let start = row * params.width;
  let label = labels[row];
  let chosen = logits[start + min(label, params.width - 1u)];
  let limit = ordered(chosen);
  var seen = Seen(-3e38, 0.0, -0x7f800001, 0x7f7fffff, 0u);
  for (var i = local; i < params.width; i += SIZE) {
    let x = logits[start + i];
    let bits = ordered(x);
    let top = max(seen.top, x);
    seen.sum = seen.sum * exp(max(seen.top - top, LEAST)) + exp(max(x - top, LEAST));
    seen.top = top;
    seen.highest = max(seen.highest, bits);
    seen.lowest = min(seen.lowest, bits);
    seen.beaten |= u32(bits > limit - i32(i < label));
  }
  partial[local] = seen;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] = joined(partial[local], partial[local + half]); }
    workgroupBarrier();
  }
  let all = partial[0];
  let found = verdict(label, all.highest, all.lowest);
  if (local == 0u) { conclude(row, found, log(all.sum) + (all.top - chosen), all.beaten > 0u); }
  if (params.gradient == 0u) { return; }
  let factor = factorOf(found);
  for (var i = local; i < params.width; i += SIZE) {
    let p = exp(max(logits[start + i] - all.top, LEAST)) / all.sum;
    logits[start + i] = (p - f32(i == label)) * factor;
  }
}

@compute @workgroup_size(8)
fn forwardRows(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = flatIndex(workgroup, count, local, 8u);
  if (row >= params.rows) { return; }
  let width4 = params.width / 4u;
  let start = row * width4;
  let label = labels[row];
  let nearest = min(label, params.width - 1u);
  let chosen = logits4[start + nearest / 4u][nearest % 4u];
  let limit = vec4i(ordered(chosen));
  var top = -3e38;
  var sums = vec4f();
  var highest = vec4i(-0x7f800001);
  var lowest = vec4i(0x7f7fffff);
  var beaten = vec4<bool>();
  for (var i = 0u; i < width4; i++) {
    let x = logits4[start + i];
    let bits = ordered4(x);
    let before = top;
    top = max(top, max(max(x.x, x.y), max(x.z, x.w)));
    sums = sums * exp(max(before - top, LEAST)) + exp(max(x - top, vec4f(LEAST)));
    highest = max(highest, bits);
    lowest = min(lowest, bits);
    beaten |= bits > limit - vec4i(4u * i + vec4u(0u, 1u, 2u, 3u) < vec4u(label));
  }
  let sum = dot(sums, vec4f(1.0));
  let high = max(max(highest.x, highest.y), max(highest.z, highest.w));
  let low = min(min(lowest.x, lowest.y), min(lowest.z, lowest.w));
  let found = verdict(label, high, low);
  conclude(row, found, log(sum) + (top - chosen), any(beaten));
  if (params.gradient == 0u) { return; }
  let factor = factorOf(found);
  for (var i = 0u; i < width4; i++) {
    let p = exp(max(logits4[start + i] - top, vec4f(LEAST))) / sum;
    logits4[start + i] = (p - vec4f(4u * i + vec4u(0u, 1u, 2u, 3u) == vec4u(label))) * factor;
  }
}
