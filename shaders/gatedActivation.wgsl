// gatedActivation: y[t, i] = activate(x[t, i], KIND) · x[t, width + i]: the gate's half of a row, then the other
// x [rows, 2 · width]; y [rows, width]. Shazeer 2020, arXiv:2002.05202. One invocation per element of y; in forward4 and backward4, where
// the width is a multiple of 4, each strides over the rows and by four over a row.
import package::act::{Act, Act4};
import package::activations::{activate, slope};
import package::flat::rowIndex;

struct Params { rows: u32, width: u32 }

override KIND: u32 = 0u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;
@group(0) @binding(3) var<storage, read> x4: array<Act4>;
@group(0) @binding(4) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(5) var<storage, read> dy: array<Act>;
@group(0) @binding(6) var<storage, read> dy4: array<Act4>;
@group(0) @binding(7) var<storage, read_write> dx: array<Act>;
@group(0) @binding(8) var<storage, read_write> dx4: array<Act4>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  let column = workgroup.x * 64u + local;
  if (row >= params.rows || column >= params.width) { return; }
  let gate = 2u * row * params.width + column;
  y[row * params.width + column] = Act(activate(f32(x[gate]), KIND) * f32(x[gate + params.width]));
}

@compute @workgroup_size(64)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width4 = params.width / 4u;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    for (var column = workgroup.x * 64u + local; column < width4; column += 64u * count.x) {
      let gate = vec4f(x4[2u * row * width4 + column]);
      let gated = vec4f(activate(gate.x, KIND), activate(gate.y, KIND), activate(gate.z, KIND), activate(gate.w, KIND));
      y4[row * width4 + column] = Act4(gated * vec4f(x4[(2u * row + 1u) * width4 + column]));
    }
  }
}

// dx[t, i] = dy[t, i] · x[t, width + i] · activate'(x[t, i]); dx[t, width + i] = dy[t, i] · activate(x[t, i])
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = rowIndex(workgroup, count);
  let column = workgroup.x * 64u + local;
  if (row >= params.rows || column >= params.width) { return; }
  let at = 2u * row * params.width + column;
  let gate = f32(x[at]);
  let flow = f32(dy[row * params.width + column]);
  dx[at] = Act(flow * f32(x[at + params.width]) * slope(gate, KIND));
  dx[at + params.width] = Act(flow * activate(gate, KIND));
}

@compute @workgroup_size(64)
fn backward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width4 = params.width / 4u;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    for (var column = workgroup.x * 64u + local; column < width4; column += 64u * count.x) {
      let at = 2u * row * width4 + column;
      let gate = vec4f(x4[at]);
      let flow = vec4f(dy4[row * width4 + column]);
      let slopes = vec4f(slope(gate.x, KIND), slope(gate.y, KIND), slope(gate.z, KIND), slope(gate.w, KIND));
      let gated = vec4f(activate(gate.x, KIND), activate(gate.y, KIND), activate(gate.z, KIND), activate(gate.w, KIND));
      dx4[at] = Act4(flow * vec4f(x4[at + width4]) * slopes);
      dx4[at + width4] = Act4(flow * gated);
    }
  }
}
