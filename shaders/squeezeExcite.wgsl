// squeezeExcite: y[b, p, n] = x[b, p, n] · gate[b, n]; gate = σ(W₂ · silu(W₁ · means + b₁) + b₂), means[b, n] = Σ_p x[b, p, n] / pixels
// x, y [maps · pixels, channels]; means, gate [maps, channels]. Hu, Shen & Sun 2017, arXiv:1709.01507. The layers are `linear`.
// means, backwardGate: an invocation owns a channel of a map and takes its pixels in order; forward, backward: one strides over the
// pixels of a channel of a map. Where an entry ends in 4, it is four channels, of which there are a multiple of 4.
import package::act::{Act, Act4};

struct Params { pixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> gate: array<Act>;
@group(0) @binding(3) var<storage, read_write> y: array<Act>;
@group(0) @binding(4) var<storage, read> dy: array<Act>;
@group(0) @binding(5) var<storage, read> dMeans: array<Act>;
@group(0) @binding(6) var<storage, read> x4: array<Act4>;
@group(0) @binding(7) var<storage, read> gate4: array<Act4>;
@group(0) @binding(8) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(9) var<storage, read> dy4: array<Act4>;
@group(0) @binding(10) var<storage, read> dMeans4: array<Act4>;

const SIZE = 32u;

@compute @workgroup_size(SIZE)
fn means(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let channel = workgroup.x * SIZE + local;
  if (channel >= params.channels) { return; }
  let start = workgroup.z * params.pixels * params.channels + channel;
  var sum = 0.0;
  for (var p = 0u; p < params.pixels; p++) { sum += f32(x[start + p * params.channels]); }
  y[workgroup.z * params.channels + channel] = Act(sum / f32(params.pixels));
}

@compute @workgroup_size(SIZE)
fn means4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let channels4 = params.channels / 4u;
  let channel = workgroup.x * SIZE + local;
  if (channel >= channels4) { return; }
  let start = workgroup.z * params.pixels * channels4 + channel;
  var sum = vec4f();
  for (var p = 0u; p < params.pixels; p++) { sum += vec4f(x4[start + p * channels4]); }
  y4[workgroup.z * channels4 + channel] = Act4(sum / f32(params.pixels));
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let channel = workgroup.x * SIZE + local;
  if (channel >= params.channels) { return; }
  let factor = f32(gate[workgroup.z * params.channels + channel]);
  for (var p = workgroup.y; p < params.pixels; p += count.y) {
    let at = (workgroup.z * params.pixels + p) * params.channels + channel;
    y[at] = Act(f32(x[at]) * factor);
  }
}

@compute @workgroup_size(SIZE)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let channels4 = params.channels / 4u;
  let channel = workgroup.x * SIZE + local;
  if (channel >= channels4) { return; }
  let factor = vec4f(gate4[workgroup.z * channels4 + channel]);
  for (var p = workgroup.y; p < params.pixels; p += count.y) {
    let at = (workgroup.z * params.pixels + p) * channels4 + channel;
    y4[at] = Act4(vec4f(x4[at]) * factor);
  }
}

// The gradient of what goes into the gate's sigmoid: y[b, n] = gate · (1 - gate) · Σ_p dy[b, p, n] · x[b, p, n].
@compute @workgroup_size(SIZE)
fn backwardGate(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let channel = workgroup.x * SIZE + local;
  if (channel >= params.channels) { return; }
  let start = workgroup.z * params.pixels * params.channels + channel;
  let factor = f32(gate[workgroup.z * params.channels + channel]);
  var sum = 0.0;
  for (var p = 0u; p < params.pixels; p++) { sum += f32(x[start + p * params.channels]) * f32(dy[start + p * params.channels]); }
  y[workgroup.z * params.channels + channel] = Act(factor * (1.0 - factor) * sum);
}

@compute @workgroup_size(SIZE)
fn backwardGate4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let channels4 = params.channels / 4u;
  let channel = workgroup.x * SIZE + local;
  if (channel >= channels4) { return; }
  let start = workgroup.z * params.pixels * channels4 + channel;
  let factor = vec4f(gate4[workgroup.z * channels4 + channel]);
  var sum = vec4f();
  for (var p = 0u; p < params.pixels; p++) { sum += vec4f(x4[start + p * channels4]) * vec4f(dy4[start + p * channels4]); }
  y4[workgroup.z * channels4 + channel] = Act4(factor * (1.0 - factor) * sum);
}

// dx, here y: dy[b, p, n] · gate[b, n] + dMeans[b, n] / pixels.
@compute @workgroup_size(SIZE)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let channel = workgroup.x * SIZE + local;
  if (channel >= params.channels) { return; }
  let factor = f32(gate[workgroup.z * params.channels + channel]);
  let shift = f32(dMeans[workgroup.z * params.channels + channel]) / f32(params.pixels);
  for (var p = workgroup.y; p < params.pixels; p += count.y) {
    let at = (workgroup.z * params.pixels + p) * params.channels + channel;
    y[at] = Act(fma(f32(dy[at]), factor, shift));
  }
}

@compute @workgroup_size(SIZE)
fn backward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let channels4 = params.channels / 4u;
  let channel = workgroup.x * SIZE + local;
  if (channel >= channels4) { return; }
  let factor = vec4f(gate4[workgroup.z * channels4 + channel]);
  let shift = vec4f(dMeans4[workgroup.z * channels4 + channel]) / f32(params.pixels);
  for (var p = workgroup.y; p < params.pixels; p += count.y) {
    let at = (workgroup.z * params.pixels + p) * channels4 + channel;
    y4[at] = Act4(fma(vec4f(dy4[at]), factor, shift));
  }
}
