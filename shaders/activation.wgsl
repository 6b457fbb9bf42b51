// activation: y[i] = activate(x[i], KIND), elementwise over `count` elements. Each invocation strides
// over the whole by four elements; the last four may reach into what fills up the buffers.
import package::act::Act4;
import package::activations::{activate, slope};
import package::flat::flatIndex;

struct Params { count: u32 }

override KIND: u32 = 0u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<Act4>;
@group(0) @binding(2) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(3) var<storage, read> dy4: array<Act4>;
@group(0) @binding(4) var<storage, read_write> dx4: array<Act4>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); 4u * i < params.count; i += threads) {
    let value = vec4f(x4[i]);
    y4[i] = Act4(vec4f(activate(value.x, KIND), activate(value.y, KIND), activate(value.z, KIND), activate(value.w, KIND)));
  }
}

// dx[i] = dy[i] · activate'(x[i], KIND)
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); 4u * i < params.count; i += threads) {
    let value = vec4f(x4[i]);
    let slopes = vec4f(slope(value.x, KIND), slope(value.y, KIND), slope(value.z, KIND), slope(value.w, KIND));
    dx4[i] = Act4(vec4f(dy4[i]) * slopes);
  }
}
