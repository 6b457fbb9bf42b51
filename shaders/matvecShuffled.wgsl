// matvec, as in matvec.wgsl, on devices with subgroups whose loads are dear against their arithmetic.
// An invocation computes one y alone; eight neighbours fetch a block of x together, four elements each, and hand it around by
// shuffling. x' = x · gain / sqrt(mean x² + eps) when NORM: the factor is applied to the finished sum.
import package::act::{Act, Act4};
import package::weight::{loadBlock, blockWeight4, blockScale};
import package::activations::activate;

enable subgroups;

struct Params { cols: u32, outs: u32, firstOut: u32, eps: f32, hasBias: u32, hasResidual: u32, activation: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> x4: array<Act4>;
@group(0) @binding(3) var<storage, read> gain: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read> residual: array<Act>;
@group(0) @binding(6) var<storage, read_write> y: array<Act>;

override ALIGNED: bool = false;
override NORM: bool = false;
override GATED: bool = false;

const SIZE = 16u;

fn element(k: u32) -> f32 {
  if (k >= params.cols) { return 0.0; }
  return f32(x[k]);
}

fn loadX4(k4: u32) -> vec4f {
  if (4u * k4 >= params.cols) { return vec4f(); }
  if (ALIGNED) { return vec4f(x4[k4]); }
  return vec4f(element(4u * k4), element(4u * k4 + 1u), element(4u * k4 + 2u), element(4u * k4 + 3u));
}

fn loadGain4(k4: u32) -> vec4f {
  let last = params.cols - 1u;
  return vec4f(gain[min(4u * k4, last)], gain[min(4u * k4 + 1u, last)], gain[min(4u * k4 + 2u, last)], gain[min(4u * k4 + 3u, last)]);
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let first = invocation & ~7u;
  let lane = invocation & 7u;
  let out = (workgroup.y * count.x + workgroup.x) * SIZE + index;
  let row = min(out, params.outs - 1u);
  let blocks = (params.cols + 31u) / 32u;
  var squares = 0.0;
  var sum = 0.0;
  var sumUp = 0.0;
  for (var block = 0u; block < blocks; block++) {
    var v = loadX4(8u * block + lane);
    if (NORM) {
      squares += dot(v, v);
      v *= loadGain4(8u * block + lane);
    }
    let at = row * blocks + block;
    let values = loadBlock(at);
    var part = vec4f();
    var partUp = vec4f();
    let atUp = (params.outs + row) * blocks + block;
    if (GATED) {
      let valuesUp = loadBlock(atUp);
      for (var k = 0u; k < 8u; k++) {
        let a = subgroupShuffle(v, first + k);
        part = fma(a, blockWeight4(values, k), part);
        partUp = fma(a, blockWeight4(valuesUp, k), partUp);
      }
      sumUp += dot(partUp, vec4f(1.0)) * blockScale(atUp);
    } else {
      for (var k = 0u; k < 8u; k++) {
        part = fma(subgroupShuffle(v, first + k), blockWeight4(values, k), part);
      }
    }
    sum += dot(part, vec4f(1.0)) * blockScale(at);
  }
  var scale = 1.0;
  if (NORM) {
    squares += subgroupShuffleXor(squares, 1u);
    squares += subgroupShuffleXor(squares, 2u);
    squares += subgroupShuffleXor(squares, 4u);
    scale = inverseSqrt(squares / f32(params.cols) + params.eps);
  }
  if (out >= params.outs) { return; }
  let n = params.firstOut + out;
  var value = sum * scale;
  if (params.hasBias == 1u) { value += bias[n]; }
  value = activate(value, params.activation);
  if (GATED) { value *= sumUp * scale; }
  if (params.hasResidual == 1u) { value += f32(residual[n]); }
  y[n] = Act(value);
}
