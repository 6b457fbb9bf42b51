// add: z[i] = x[i] + y[i mod period]; the period is the size of y, so that its rows repeat down x
// x, z [count]; y [period]. One invocation per element.
import package::act::Act;
import package::flat::flatIndex;

struct Params { count: u32, period: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> y: array<Act>;
@group(0) @binding(3) var<storage, read_write> z: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, 64u);
  if (i >= params.count) { return; }
  z[i] = Act(f32(x[i]) + f32(y[i % params.period]));
}
