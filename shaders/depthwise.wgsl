// depthwise: y[b, r, c, n] = Σ_{i, j < 3} weight[n, i, j] · x[b, r + i - 1, c + j - 1, n], x being 0 outside its map: a 3×3 convolution of
// each channel by itself, as in RegNet's blocks of group size 1. Radosavovic et al. 2020, arXiv:2003.13678.
// x, y [maps · height · width, channels]; weight [channels, 1, 3, 3].
// By x the gradient is the same with dy for x and the kernel turned about (TURNED): dx[r, c] = Σ weight[i, j] · dy[r + 1 - i, c + 1 - j].
// forward: one invocation per element. forward4, where channels are a multiple of 4: an invocation owns four channels of four rows and
// walks along `span` columns; each column of x that it loads goes into the sums of three columns of y.
import package::act::{Act, Act4};
import package::flat::{flatIndex, rowIndex};

struct Params { maps: u32, height: u32, width: u32, channels: u32, span: u32, slices: u32, accumulate: u32 }

override TURNED: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Act>;
@group(0) @binding(4) var<storage, read> x4: array<Act4>;
@group(0) @binding(5) var<storage, read> weight4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(7) var<storage, read> dy: array<Act>;
@group(0) @binding(8) var<storage, read> dy4: array<Act4>;
@group(0) @binding(9) var<storage, read_write> dWeight: array<f32>;
@group(0) @binding(10) var<storage, read_write> dWeight4: array<vec4f>;

const SIZE = 32u;
const ROWS = 4u;

// x at a place of a map, or 0 outside; a coordinate below 0 has wrapped around.
fn element(map: u32, row: u32, column: u32, channel: u32) -> f32 {
  if (row >= params.height || column >= params.width) { return 0.0; }
  return f32(x[((map * params.height + row) * params.width + column) * params.channels + channel]);
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let pixel = rowIndex(workgroup, count);
  let channel = workgroup.x * SIZE + local;
  if (pixel >= params.maps * params.height * params.width || channel >= params.channels) { return; }
  let line = pixel / params.width;
  let map = line / params.height;
  var sum = 0.0;
  for (var tap = 0u; tap < 9u; tap++) {
    let value = element(map, line % params.height + tap / 3u - 1u, pixel % params.width + tap % 3u - 1u, channel);
    sum += weight[channel * 9u + select(tap, 8u - tap, TURNED)] * value;
  }
  y[pixel * params.channels + channel] = Act(sum);
}

// Four channels of the kernel, by its columns: the weights of the rows above, at and below.
struct Kernel { left: array<vec4f, 3>, middle: array<vec4f, 3>, right: array<vec4f, 3> }

fn loadKernel(channel4: u32) -> Kernel {
  let at = channel4 * 9u;
  let a = weight4[at];
  let b = weight4[at + 1u];
  let c = weight4[at + 2u];
  let d = weight4[at + 3u];
  let e = weight4[at + 4u];
  let f = weight4[at + 5u];
  let g = weight4[at + 6u];
  let h = weight4[at + 7u];
  let i = weight4[at + 8u];
  let taps = array<vec4f, 9>(
    vec4f(a.x, c.y, e.z, g.w), vec4f(a.y, c.z, e.w, h.x), vec4f(a.z, c.w, f.x, h.y),
    vec4f(a.w, d.x, f.y, h.z), vec4f(b.x, d.y, f.z, h.w), vec4f(b.y, d.z, f.w, i.x),
    vec4f(b.z, d.w, g.x, i.y), vec4f(b.w, e.x, g.y, i.z), vec4f(c.x, e.y, g.z, i.w),
  );
  if (TURNED) {
    return Kernel(array(taps[8], taps[5], taps[2]), array(taps[7], taps[4], taps[1]), array(taps[6], taps[3], taps[0]));
  }
  return Kernel(array(taps[0], taps[3], taps[6]), array(taps[1], taps[4], taps[7]), array(taps[2], taps[5], taps[8]));
}

// A column of x from the row `row` - 1 on, six rows long; a row outside the map counts 0.
fn loadColumn(map: u32, row: u32, column: u32, channel4: u32) -> array<vec4f, 6> {
  let step = params.width * (params.channels / 4u);
  let start = map * params.height * step + column * (params.channels / 4u) + channel4;
  let last = params.height - 1u;
  return array(
    select(vec4f(), vec4f(x4[start + max(row, 1u) * step - step]), row > 0u),
    vec4f(x4[start + row * step]),
    select(vec4f(), vec4f(x4[start + min(row + 1u, last) * step]), row < last),
    select(vec4f(), vec4f(x4[start + min(row + 2u, last) * step]), row + 1u < last),
    select(vec4f(), vec4f(x4[start + min(row + 3u, last) * step]), row + 2u < last),
    select(vec4f(), vec4f(x4[start + min(row + 4u, last) * step]), row + 3u < last),
  );
}

// sums + what a column of x gives to four rows of y by one column of the kernel.
fn spread(v: array<vec4f, 6>, w: array<vec4f, 3>, sums: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(v[0], w[0], fma(v[1], w[1], fma(v[2], w[2], sums[0]))),
    fma(v[1], w[0], fma(v[2], w[1], fma(v[3], w[2], sums[1]))),
    fma(v[2], w[0], fma(v[3], w[1], fma(v[4], w[2], sums[2]))),
    fma(v[3], w[0], fma(v[4], w[1], fma(v[5], w[2], sums[3]))),
  );
}

@compute @workgroup_size(SIZE)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let channels4 = params.channels / 4u;
  let channel4 = workgroup.x * SIZE + local;
  let spans = (params.width + params.span - 1u) / params.span;
  let row = workgroup.y / spans * ROWS;
  let map = workgroup.z;
  if (channel4 >= channels4 || row >= params.height || map >= params.maps) { return; }
  let begin = workgroup.y % spans * params.span;
  let end = min(begin + params.span, params.width);
  let kernel = loadKernel(channel4);
  let first = ((map * params.height + row) * params.width) * channels4 + channel4;
  let step = params.width * channels4;
  var before = mat4x4f();
  var here = mat4x4f();
  for (var column = max(begin, 1u) - 1u; column <= end; column++) {
    var after = mat4x4f();
    if (column < params.width) {
      let v = loadColumn(map, row, column, channel4);
      before = spread(v, kernel.right, before);
      here = spread(v, kernel.middle, here);
      after = spread(v, kernel.left, after);
    }
    if (column > begin) {
      let to = first + (column - 1u) * channels4;
      y4[to] = Act4(before[0]);
      if (row + 1u < params.height) { y4[to + step] = Act4(before[1]); }
      if (row + 2u < params.height) { y4[to + 2u * step] = Act4(before[2]); }
      if (row + 3u < params.height) { y4[to + 3u * step] = Act4(before[3]); }
    }
    before = here;
    here = after;
  }
}

// dWeight[n, i, j] += Σ_{b, r, c} dy[b, r, c, n] · x[b, r + i - 1, c + j - 1, n]. One invocation per weight.
@compute @workgroup_size(SIZE)
fn backwardWeight(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = flatIndex(workgroup, count, local, SIZE);
  if (at >= 9u * params.channels) { return; }
  let channel = at / 9u;
  let tap = at % 9u;
  var sum = 0.0;
  for (var line = 0u; line < params.maps * params.height; line++) {
    for (var column = 0u; column < params.width; column++) {
      let value = element(line / params.height, line % params.height + tap / 3u - 1u, column + tap % 3u - 1u, channel);
      sum += f32(dy[(line * params.width + column) * params.channels + channel]) * value;
    }
  }
  dWeight[at] += sum;
}

// Four rows of a column of dy; a place outside the map counts 0.
fn loadFlow(map: u32, row: u32, column: u32, channel4: u32) -> mat4x4f {
  if (column >= params.width) { return mat4x4f(); }
  let step = params.width * (params.channels / 4u);
  let start = map * params.height * step + column * (params.channels / 4u) + channel4;
  let last = params.height - 1u;
  return mat4x4f(
    vec4f(dy4[start + row * step]),
    select(vec4f(), vec4f(dy4[start + min(row + 1u, last) * step]), row < last),
    select(vec4f(), vec4f(dy4[start + min(row + 2u, last) * step]), row + 1u < last),
    select(vec4f(), vec4f(dy4[start + min(row + 3u, last) * step]), row + 2u < last),
  );
}

// sums + what a column of x and a column of dy beside it give to one column of the kernel.
fn collect(v: array<vec4f, 6>, d: mat4x4f, sums: array<vec4f, 3>) -> array<vec4f, 3> {
  return array(
    fma(v[0], d[0], fma(v[1], d[1], fma(v[2], d[2], fma(v[3], d[3], sums[0])))),
    fma(v[1], d[0], fma(v[2], d[1], fma(v[3], d[2], fma(v[4], d[3], sums[1])))),
    fma(v[2], d[0], fma(v[3], d[1], fma(v[4], d[2], fma(v[5], d[3], sums[2])))),
  );
}

// The same for the channels of a multiple of 4: an invocation owns four channels and takes every `slices`-th strip of four rows, along
// which it walks by columns. Each slice has a dWeight of its own, which sumRows.wgsl adds up; a single slice adds to what is there.
@compute @workgroup_size(SIZE)
fn backwardWeight4(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let channels4 = params.channels / 4u;
  let channel4 = workgroup.x * SIZE + local;
  if (channel4 >= channels4) { return; }
  let strips = (params.height + ROWS - 1u) / ROWS;
  var left = array<vec4f, 3>();
  var middle = array<vec4f, 3>();
  var right = array<vec4f, 3>();
  for (var strip = workgroup.y; strip < params.maps * strips; strip += params.slices) {
    let map = strip / strips;
    let row = strip % strips * ROWS;
    var before = mat4x4f();
    var here = loadFlow(map, row, 0u, channel4);
    for (var column = 0u; column < params.width; column++) {
      let v = loadColumn(map, row, column, channel4);
      let after = loadFlow(map, row, column + 1u, channel4);
      right = collect(v, before, right);
      middle = collect(v, here, middle);
      left = collect(v, after, left);
      before = here;
      here = after;
    }
  }
  let to = (workgroup.y * channels4 + channel4) * 9u;
  store(to, vec4f(left[0].x, middle[0].x, right[0].x, left[1].x));
  store(to + 1u, vec4f(middle[1].x, right[1].x, left[2].x, middle[2].x));
  store(to + 2u, vec4f(right[2].x, left[0].y, middle[0].y, right[0].y));
  store(to + 3u, vec4f(left[1].y, middle[1].y, right[1].y, left[2].y));
  store(to + 4u, vec4f(middle[2].y, right[2].y, left[0].z, middle[0].z));
  store(to + 5u, vec4f(right[0].z, left[1].z, middle[1].z, right[1].z));
  store(to + 6u, vec4f(left[2].z, middle[2].z, right[2].z, left[0].w));
  store(to + 7u, vec4f(middle[0].w, right[0].w, left[1].w, middle[1].w));
  store(to + 8u, vec4f(right[1].w, left[2].w, middle[2].w, right[2].w));
}

fn store(to: u32, value: vec4f) {
  var before = vec4f();
  if (params.accumulate == 1u) { before = dWeight4[to]; }
  dWeight4[to] = before + value;
}
