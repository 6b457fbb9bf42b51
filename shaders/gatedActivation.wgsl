// gatedActivation: y[t, i] = activate(x[t, i], KIND) · x[t, width + i]: the gate's half of a row, then the other
// x [rows, 2 · width]; y [rows, width]. Shazeer 2020, arXiv:2002.05202. One invocation per element of y.
import package::act::Act;
import package::activations::activate;
import package::flat::flatIndex;

struct Params { rows: u32, width: u32 }

override KIND: u32 = 0u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, 64u);
  let row = i / params.width;
  if (row >= params.rows) { return; }
  let gate = i + row * params.width;
  y[i] = Act(activate(f32(x[gate]), KIND) * f32(x[gate + params.width]));
}
