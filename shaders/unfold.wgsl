// unfold: y[(b · P + r · across + c), (ch · p + i) · p + j] = pixels[b, ch, r · p + i, c · p + j]: the patches of images as rows,
// in the order of a convolution's weight, whose kernel and stride are both p; rows and columns that fill no patch are left out
// pixels [images, channels, height, width] in f32; y [images · P, channels · p · p] with P = down · across.
// One invocation per element of y.
import package::act::Act;
import package::flat::flatIndex;

struct Params { images: u32, channels: u32, height: u32, width: u32, side: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = flatIndex(workgroup, count, local, 64u);
  let side = params.side;
  let down = params.height / side;
  let across = params.width / side;
  let cols = params.channels * side * side;
  let row = index / cols;
  let image = row / (down * across);
  if (image >= params.images) { return; }
  let column = index % cols;
  let channel = column / (side * side);
  let top = (row / across) % down * side + column / side % side;
  let left = row % across * side + column % side;
  y[index] = Act(pixels[((image * params.channels + channel) * params.height + top) * params.width + left]);
}
