// roof: what the device can do at best, the measure for every kernel; used by the bench.
// multiplyAdd: y[i] is the sum of eight chains of `rounds` · 8 multiply-adds a = a · x[0] + x[1], begun at i, i + 1 … i + 7.
// copy: y[i] = x[i] in vec4s, over `count` of them, each invocation striding over the whole.
import package::flat::flatIndex;

struct Params { count: u32, rounds: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

const SIZE = 64u;

@compute @workgroup_size(SIZE)
fn multiplyAdd(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, SIZE);
  if (i >= params.count) { return; }
  let scale = vec4f(x[0].x);
  let shift = vec4f(x[0].y);
  var a = vec4f(f32(i)) + vec4f(0.0, 1.0, 2.0, 3.0);
  var b = a + 4.0;
  for (var round = 0u; round < params.rounds; round++) {
    for (var k = 0u; k < 8u; k++) {
      a = fma(a, scale, shift);
      b = fma(b, scale, shift);
    }
  }
  y[i] = a + b;
}

@compute @workgroup_size(SIZE)
fn copy(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let threads = count.x * count.y * SIZE;
  for (var i = flatIndex(workgroup, count, local, SIZE); i < params.count; i += threads) { y[i] = x[i]; }
}
