// activation: y[i] = activate(x[i], KIND), elementwise over `count` elements. One invocation per element.
import package::act::Act;
import package::activations::activate;
import package::flat::flatIndex;

struct Params { count: u32 }

override KIND: u32 = 0u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, 64u);
  if (i >= params.count) { return; }
  y[i] = Act(activate(f32(x[i]), KIND));
}
