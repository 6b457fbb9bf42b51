// adamw: one step of AdamW on one parameter, as torch.optim.AdamW and clip_grad_norm_ do it. Loshchilov & Hutter 2019, arXiv:1711.05101.
// g = gradient · min(1, clip / (norm + 1e-6)) where clip > 0, else the gradient
// value *= keep; m += (1 - β1) · (g - m); v = β2 · v + (1 - β2) · g²; value -= stepSize · m / (sqrt(v) / rootCorrection + eps)
// keep = 1 - rate · decay, stepSize = rate / (1 - β1^t), rootCorrection = sqrt(1 - β2^t). Nothing changes where the norm, [1], is not finite.
// value, gradient, m, v [count]; each invocation strides over them by four.
import package::flat::flatIndex;

struct Params {
  count: u32,
  keep: f32,
  stepSize: f32,
  rootCorrection: f32,
  freshM: f32, // 1 - β1
  beta2: f32,
  freshV: f32, // 1 - β2
  eps: f32,
  clip: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> norm: array<u32>;
@group(0) @binding(3) var<storage, read_write> value: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;

@compute @workgroup_size(64)
fn step(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let bits = norm[0];
  if ((bits & 0x7f800000u) == 0x7f800000u) { return; }
  let scale = select(1.0, min(1.0, params.clip / (bitcast<f32>(bits) + 1e-6)), params.clip > 0.0);
  let threads = 64u * count.x * count.y;
  for (var i = flatIndex(workgroup, count, local, 64u); 4u * i < params.count; i += threads) {
    let g = scale * gradient[i];
    let first = m[i] + params.freshM * (g - m[i]);
    let second = params.beta2 * v[i] + params.freshV * g * g;
    m[i] = first;
    v[i] = second;
    value[i] = params.keep * value[i] - params.stepSize * first / (sqrt(second) / params.rootCorrection + params.eps);
  }
}
