// repeat: y[t, i] = x[i]; added to what differs: y[t, i] = x[t, i] + shift[i]; or behind it: y[t] = x[t] and then shift, for images t
// x [times, period] (forward: x [period]; append: x [times, front]); shift [period]; y [times, front + period], where front is 0 but for
// append; dy as y, dx as what it is of.
// Each invocation strides over an image, by four elements where an entry ends in 4, whose extents are multiples of 4, and takes all
// images in order.
import package::act::{Act, Act4};
import package::flat::flatIndex;

struct Params { times: u32, period: u32, front: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> shift: array<Act>;
@group(0) @binding(3) var<storage, read_write> y: array<Act>;
@group(0) @binding(4) var<storage, read> dy: array<Act>;
@group(0) @binding(5) var<storage, read_write> dx: array<Act>;
@group(0) @binding(6) var<storage, read> x4: array<Act4>;
@group(0) @binding(7) var<storage, read> shift4: array<Act4>;
@group(0) @binding(8) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(9) var<storage, read> dy4: array<Act4>;
@group(0) @binding(10) var<storage, read_write> dx4: array<Act4>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); i < params.period; i += threads) {
    let value = x[i];
    for (var t = 0u; t < params.times; t++) { y[t * params.period + i] = value; }
  }
}

@compute @workgroup_size(64)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  let period4 = params.period / 4u;
  for (var i = flatIndex(workgroup, count, local, 64u); i < period4; i += threads) {
    let value = x4[i];
    for (var t = 0u; t < params.times; t++) { y4[t * period4 + i] = value; }
  }
}

@compute @workgroup_size(64)
fn add(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); i < params.period; i += threads) {
    let value = f32(shift[i]);
    for (var t = 0u; t < params.times; t++) {
      let at = t * params.period + i;
      y[at] = Act(f32(x[at]) + value);
    }
  }
}

@compute @workgroup_size(64)
fn add4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  let period4 = params.period / 4u;
  for (var i = flatIndex(workgroup, count, local, 64u); i < period4; i += threads) {
    let value = vec4f(shift4[i]);
    for (var t = 0u; t < params.times; t++) {
      let at = t * period4 + i;
      y4[at] = Act4(vec4f(x4[at]) + value);
    }
  }
}

@compute @workgroup_size(64)
fn append(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); i < params.front + params.period; i += threads) {
    for (var t = 0u; t < params.times; t++) {
      let at = t * (params.front + params.period) + i;
      if (i < params.front) { y[at] = x[t * params.front + i]; } else { y[at] = shift[i - params.front]; }
    }
  }
}

@compute @workgroup_size(64)
fn append4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  let front4 = params.front / 4u;
  let period4 = params.period / 4u;
  for (var i = flatIndex(workgroup, count, local, 64u); i < front4 + period4; i += threads) {
    for (var t = 0u; t < params.times; t++) {
      let at = t * (front4 + period4) + i;
      if (i < front4) { y4[at] = x4[t * front4 + i]; } else { y4[at] = shift4[i - front4]; }
    }
  }
}

// Of what repeats: dx[i] = Σ_t dy[t, front + i]. What it is added to takes dy as it is.
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  let image = params.front + params.period;
  for (var i = flatIndex(workgroup, count, local, 64u); i < params.period; i += threads) {
    var sum = 0.0;
    for (var t = 0u; t < params.times; t++) { sum += f32(dy[t * image + params.front + i]); }
    dx[i] = Act(sum);
  }
}

@compute @workgroup_size(64)
fn backward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  let front4 = params.front / 4u;
  let period4 = params.period / 4u;
  for (var i = flatIndex(workgroup, count, local, 64u); i < period4; i += threads) {
    var sum = vec4f();
    for (var t = 0u; t < params.times; t++) { sum += vec4f(dy4[t * (front4 + period4) + front4 + i]); }
    dx4[i] = Act4(sum);
  }
}

// Of what stands in front: dx[t, i] = dy[t, i] for i < front.
@compute @workgroup_size(64)
fn backwardFront(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); i < params.front; i += threads) {
    for (var t = 0u; t < params.times; t++) { dx[t * params.front + i] = dy[t * (params.front + params.period) + i]; }
  }
}

@compute @workgroup_size(64)
fn backwardFront4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  let front4 = params.front / 4u;
  let period4 = params.period / 4u;
  for (var i = flatIndex(workgroup, count, local, 64u); i < front4; i += threads) {
    for (var t = 0u; t < params.times; t++) { dx4[t * front4 + i] = dy4[t * (front4 + period4) + i]; }
  }
}
