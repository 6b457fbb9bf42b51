// adaptivePool: y[b, i, j, n] = mean of x[b, r, c, n] over rows r of window(i) and columns c of window(j), where window(i) of extents
// a → b is [⌊i · a / b⌋, ⌈(i + 1) · a / b⌉): windows overlap where b does not divide a, and repeat where b is larger.
// PyTorch's AdaptiveAvgPool2d. x [maps · height · width, channels]; y [maps · toHeight · toWidth, channels].
// Backward: r lies in window(i) of height → toHeight just where i lies in window(r) of toHeight → height, so that the gradient is gathered in
// the same way (SPREAD), with dy for x and the extents changed about: dx[r, c] = Σ dy[i, j] / (what window(i) and window(j) hold).
// One workgroup per pixel of y; its invocations stride over the channels, in forward4 by four, of which they are a multiple.
import package::act::{Act, Act4};

struct Params { height: u32, width: u32, toHeight: u32, toWidth: u32, channels: u32 }

override SPREAD: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;
@group(0) @binding(3) var<storage, read> x4: array<Act4>;
@group(0) @binding(4) var<storage, read_write> y4: array<Act4>;

const SIZE = 32u;

// ⌊a / b⌋ for a below 2^20, in floating point, because a CPU driver divides integers one lane after the other.
fn quotient(a: u32, b: u32) -> u32 {
  return u32((f32(a) + 0.5) / f32(b));
}

fn windowOf(i: u32, extent: u32, toExtent: u32) -> vec2u {
  return vec2u(quotient(i * extent, toExtent), quotient((i + 1u) * extent + toExtent - 1u, toExtent));
}

fn sizeOf(window: vec2u) -> f32 {
  return f32(window.y - window.x);
}

// What a pixel of the row r counts, but for its column: columns and rows are shares of their own.
fn share(r: u32, own: vec2u, extent: u32, toExtent: u32) -> f32 {
  if (SPREAD) { return 1.0 / sizeOf(windowOf(r, toExtent, extent)); }
  return 1.0 / sizeOf(own);
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let rows = windowOf(workgroup.y, params.height, params.toHeight);
  let columns = windowOf(workgroup.x, params.width, params.toWidth);
  let to = ((workgroup.z * params.toHeight + workgroup.y) * params.toWidth + workgroup.x) * params.channels;
  for (var channel = local; channel < params.channels; channel += SIZE) {
    var sum = 0.0;
    for (var r = rows.x; r < rows.y; r++) {
      var line = 0.0;
      for (var c = columns.x; c < columns.y; c++) {
        let value = f32(x[((workgroup.z * params.height + r) * params.width + c) * params.channels + channel]);
        line += value * share(c, columns, params.width, params.toWidth);
      }
      sum += line * share(r, rows, params.height, params.toHeight);
    }
    y[to + channel] = Act(sum);
  }
}

@compute @workgroup_size(SIZE)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let rows = windowOf(workgroup.y, params.height, params.toHeight);
  let columns = windowOf(workgroup.x, params.width, params.toWidth);
  let channels4 = params.channels / 4u;
  let to = ((workgroup.z * params.toHeight + workgroup.y) * params.toWidth + workgroup.x) * channels4;
  for (var channel = local; channel < channels4; channel += SIZE) {
    var sum = vec4f();
    for (var r = rows.x; r < rows.y; r++) {
      var line = vec4f();
      for (var c = columns.x; c < columns.y; c++) {
        let value = vec4f(x4[((workgroup.z * params.height + r) * params.width + c) * channels4 + channel]);
        line += value * share(c, columns, params.width, params.toWidth);
      }
      sum += line * share(r, rows, params.height, params.toHeight);
    }
    y4[to + channel] = Act4(sum);
  }
}
