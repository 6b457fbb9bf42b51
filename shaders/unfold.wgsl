// unfold: y[(b · P + r · across + c), (ch · p + i) · p + j] = pixels[b, ch, r · p + i, c · p + j]: the patches of images as rows,
// in the order of a convolution's weight, whose kernel and stride are both p; rows and columns that fill no patch are left out
// pixels [images, channels, height, width] in f32; y [images · P, channels · p · p] with P = down · across.
// One workgroup per patch; an invocation copies a line of it.
import package::act::Act;
import package::flat::rowIndex;

struct Params { images: u32, channels: u32, height: u32, width: u32, side: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let side = params.side;
  let down = params.height / side;
  let across = params.width / side;
  let row = rowIndex(workgroup, count);
  let image = row / (down * across);
  if (image >= params.images) { return; }
  let top = row / across % down * side;
  let left = row % across * side;
  let lines = params.channels * side;
  for (var line = local; line < lines; line += 64u) {
    let source = ((image * params.channels + line / side) * params.height + top + line % side) * params.width + left;
    let to = (row * lines + line) * side;
    for (var j = 0u; j < side; j++) { y[to + j] = Act(pixels[source + j]); }
  }
}
