// activation: y[i] = activate(x[i], KIND), elementwise over `count` elements. One invocation per element; backward: per four.
import package::act::{Act, Act4};
import package::activations::{activate, slope};
import package::flat::flatIndex;

struct Params { count: u32 }

override KIND: u32 = 0u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;
@group(0) @binding(3) var<storage, read> x4: array<Act4>;
@group(0) @binding(4) var<storage, read> dy4: array<Act4>;
@group(0) @binding(5) var<storage, read_write> dx4: array<Act4>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, 64u);
  if (i >= params.count) { return; }
  y[i] = Act(activate(f32(x[i]), KIND));
}

// dx[i] = dy[i] · activate'(x[i], KIND)
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, 64u);
  if (4u * i >= params.count) { return; }
  let value = vec4f(x4[i]);
  let slopes = vec4f(slope(value.x, KIND), slope(value.y, KIND), slope(value.z, KIND), slope(value.w, KIND));
  dx4[i] = Act4(vec4f(dy4[i]) * slopes);
}
