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

// Windows of extents a → b along one side, in floating point, which is exact for sides up to 512: a CPU driver divides integers, and
// turns unsigned ones into floats, one lane after the other.
struct Side { ratio: f32, half: f32 }

fn sideOf(extent: u32, toExtent: u32) -> Side {
  return Side(f32(i32(extent)) / f32(i32(toExtent)), 0.5 / f32(i32(toExtent)));
}

// [begin, end)
fn windowOf(i: f32, side: Side) -> vec2f {
  return vec2f(floor(fma(i, side.ratio, side.half)), floor(fma(i + 1.0, side.ratio, -side.half)) + 1.0);
}

// What a pixel of the row r counts in the window `own`, but for its column: columns and rows have shares of their own.
fn share(r: f32, own: vec2f, back: Side) -> f32 {
  var window = own;
  if (SPREAD) { window = windowOf(r, back); }
  return 1.0 / (window.y - window.x);
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let rows = windowOf(f32(i32(workgroup.y)), sideOf(params.height, params.toHeight));
  let columns = windowOf(f32(i32(workgroup.x)), sideOf(params.width, params.toWidth));
  let backRows = sideOf(params.toHeight, params.height);
  let backColumns = sideOf(params.toWidth, params.width);
  let to = ((workgroup.z * params.toHeight + workgroup.y) * params.toWidth + workgroup.x) * params.channels;
  for (var channel = local; channel < params.channels; channel += SIZE) {
    var sum = 0.0;
    for (var r = rows.x; r < rows.y; r += 1.0) {
      let start = (workgroup.z * params.height + u32(i32(r))) * params.width;
      let part = share(r, rows, backRows);
      for (var c = columns.x; c < columns.y; c += 1.0) {
        sum += part * share(c, columns, backColumns) * f32(x[(start + u32(i32(c))) * params.channels + channel]);
      }
    }
    y[to + channel] = Act(sum);
  }
}

@compute @workgroup_size(SIZE)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let rows = windowOf(f32(i32(workgroup.y)), sideOf(params.height, params.toHeight));
  let columns = windowOf(f32(i32(workgroup.x)), sideOf(params.width, params.toWidth));
  let backRows = sideOf(params.toHeight, params.height);
  let backColumns = sideOf(params.toWidth, params.width);
  let channels4 = params.channels / 4u;
  let to = ((workgroup.z * params.toHeight + workgroup.y) * params.toWidth + workgroup.x) * channels4;
  for (var channel = local; channel < channels4; channel += SIZE) {
    var sum = vec4f();
    for (var r = rows.x; r < rows.y; r += 1.0) {
      let start = (workgroup.z * params.height + u32(i32(r))) * params.width;
      let part = share(r, rows, backRows);
      for (var c = columns.x; c < columns.y; c += 1.0) {
        sum += part * share(c, columns, backColumns) * vec4f(x4[(start + u32(i32(c))) * channels4 + channel]);
      }
    }
    y4[to + channel] = Act4(sum);
  }
}
