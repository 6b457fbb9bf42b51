// add: z[i] = x[i] + y[i mod period]; the period is the size of y, so that its rows repeat down x
// x, z [count]; y [period]. One invocation per element; in forward4, where nothing repeats, and in addTo each strides over
// the whole by four elements.
// Backward: dx = dz; dy = dz where nothing repeats, else the sum over the repeats (sumRows.wgsl).
import package::act::{Act, Act4};
import package::flat::flatIndex;

struct Params { count: u32, period: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> y: array<Act>;
@group(0) @binding(3) var<storage, read_write> z: array<Act>;
@group(0) @binding(4) var<storage, read> x4: array<Act4>;
@group(0) @binding(5) var<storage, read> y4: array<Act4>;
@group(0) @binding(6) var<storage, read_write> z4: array<Act4>;
@group(0) @binding(7) var<storage, read_write> into4: array<vec4f>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, 64u);
  if (i >= params.count) { return; }
  z[i] = Act(f32(x[i]) + f32(y[i % params.period]));
}

@compute @workgroup_size(64)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); 4u * i < params.count; i += threads) {
    z4[i] = Act4(vec4f(x4[i]) + vec4f(y4[i]));
  }
}

// into[i] += x[i], into in f32 whatever the activations are
@compute @workgroup_size(64)
fn addTo(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); 4u * i < params.count; i += threads) {
    into4[i] += vec4f(x4[i]);
  }
}
