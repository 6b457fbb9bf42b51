// gradNorm: norm = sqrt(Σ x²) over all elements of several tensors; NaN where one of them, or the sum, is not finite (told by bits)
// squares: one dispatch per tensor x [count], each invocation striding over it by `stride`, its sum to partial[first + its number].
// root: one workgroup over all of `partial`, of which there are `count`.
import package::flat::flatIndex;

struct Params { count: u32, stride: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<u32>;
@group(0) @binding(3) var<storage, read> partials: array<f32>;
@group(0) @binding(4) var<storage, read_write> norm: array<u32>;

const NAN = 0x7fc00000u;
const INFINITY = 0x7f800000u;
const SIZE = 64u;

@compute @workgroup_size(SIZE)
fn squares(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let invocation = flatIndex(workgroup, count, local, SIZE);
  if (invocation >= params.stride) { return; }
  var sums = vec4f();
  var largest = vec4u(); // magnitude's bits, which are in the order of magnitudes, those of NaN last
  for (var i = invocation; 4u * i < params.count; i += params.stride) {
    let x = select(vec4f(), x4[i], 4u * i + vec4u(0u, 1u, 2u, 3u) < vec4u(params.count));
    sums += x * x;
    largest = max(largest, bitcast<vec4u>(x) & vec4u(0x7fffffffu));
  }
  let sum = bitcast<u32>(dot(sums, vec4f(1.0)));
  partial[params.first + invocation] = select(sum, NAN, any(largest >= vec4u(INFINITY)));
}

var<workgroup> sums: array<f32, SIZE>;
var<workgroup> largest: array<u32, SIZE>;

@compute @workgroup_size(SIZE)
fn root(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  var most = 0u;
  for (var i = local; i < params.count; i += params.stride) {
    sum += partials[i];
    most = max(most, bitcast<u32>(partials[i]));
  }
  sums[local] = sum;
  largest[local] = most;
  workgroupBarrier();
  if (local > 0u) { return; }
  for (var i = 1u; i < params.stride; i++) {
    sum += sums[i];
    most = max(most, largest[i]);
  }
  norm[0] = select(bitcast<u32>(sqrt(sum)), NAN, max(most, bitcast<u32>(sum)) >= INFINITY);
}
