// Elementwise activation functions: y = activate(x, kind), for the operations and for the epilogue of linear.
// Kinds (src/ops/activation.ts has the same): 0 none, 1 gelu, 2 geluTanh, 3 quickGelu, 4 silu, 5 relu, 6 sigmoid.
// Exponents are kept below 80, so that nothing depends on how a device treats infinity.

// 1 / (1 + e^-x)
fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

// erfc(z) / 2 for z >= 0, relative error below 4e-8 before rounding: e^(-z²) · t · p(t), t = 1 / (1 + 0.4 z); p is a minimax
// fit on [0, 7], beyond which the result is smaller than 1e-22.
fn halfErfc(z: f32) -> f32 {
  let bounded = min(z, 7.0);
  let t = 1.0 / fma(0.4, bounded, 1.0);
  var p = fma(0.016319219, t, -0.0485070804);
  p = fma(p, t, -0.00445980558);
  p = fma(p, t, 0.0994297134);
  p = fma(p, t, -0.000317115749);
  p = fma(p, t, 0.114784205);
  p = fma(p, t, 0.0960182276);
  p = fma(p, t, 0.113962667);
  p = fma(p, t, 0.112769986);
  return t * p * exp(-bounded * bounded);
}

// x · Φ(x), Φ the normal distribution function: x (1 + erf(x / √2)) / 2. Hendrycks & Gimpel 2016, arXiv:1606.08415.
fn gelu(x: f32) -> f32 {
  let tail = halfErfc(abs(x) * 0.70710678);
  return x * select(tail, 1.0 - tail, x > 0.0);
}

// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, written as x · sigmoid of twice the argument of tanh.
fn geluTanh(x: f32) -> f32 {
  let bounded = clamp(x, -20.0, 20.0);
  return x * sigmoid(1.5957691 * fma(0.044715 * bounded * bounded, bounded, bounded));
}

fn activate(x: f32, kind: u32) -> f32 {
  switch kind {
    case 1u: { return gelu(x); }
    case 2u: { return geluTanh(x); }
    case 3u: { return x * sigmoid(1.702 * x); }
    case 4u: { return x * sigmoid(x); }
    case 5u: { return max(x, 0.0); }
    case 6u: { return sigmoid(x); }
    default: { return x; }
  }
}

// d activate(x, kind) / dx. With σ = sigmoid and z the argument of σ: d x σ(z) / dx = σ + x σ (1 - σ) z'; far out, where the second term
// is nothing, x is bounded so that it stays nothing. gelu: Φ(x) + x φ(x), φ the normal density. relu at 0: 0, as in PyTorch.
fn slope(x: f32, kind: u32) -> f32 {
  switch kind {
    case 1u: {
      let tail = halfErfc(abs(x) * 0.70710678);
      let near = clamp(x, -12.0, 12.0);
      return select(tail, 1.0 - tail, x > 0.0) + 0.39894228 * near * exp(-0.5 * near * near);
    }
    case 2u: {
      let near = clamp(x, -20.0, 20.0);
      let s = sigmoid(1.5957691 * fma(0.044715 * near * near, near, near));
      return s + near * s * (1.0 - s) * 1.5957691 * fma(0.134145 * near, near, 1.0);
    }
    case 3u: {
      let s = sigmoid(1.702 * x);
      return s + 1.702 * clamp(x, -80.0, 80.0) * s * (1.0 - s);
    }
    case 4u: {
      let s = sigmoid(x);
      return s + clamp(x, -80.0, 80.0) * s * (1.0 - s);
    }
    case 5u: { return select(0.0, 1.0, x > 0.0); }
    case 6u: {
      let s = sigmoid(x);
      return s * (1.0 - s);
    }
    default: { return 1.0; }
  }
}
