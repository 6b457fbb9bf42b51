// joinRows: image by image, the rows of a and then those of b:
//   y[m · (aRows + bRows) + r] = a[m · aRows + r] where r < aRows, else b[m · bRows + r - aRows]
// a [images · aRows, width]; b [images · bRows, width]; y [images · (aRows + bRows), width]. Invocations stride over the rows and over
// each row; in forward4, where the width is a multiple of 4, by four.
// Backward: each part's rows of dy, as in takeRows.wgsl.
import package::act::{Act, Act4};
import package::flat::rowIndex;

struct Params { rows: u32, aRows: u32, bRows: u32, width: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<Act>;
@group(0) @binding(2) var<storage, read> b: array<Act>;
@group(0) @binding(3) var<storage, read_write> y: array<Act>;
@group(0) @binding(4) var<storage, read> a4: array<Act4>;
@group(0) @binding(5) var<storage, read> b4: array<Act4>;
@group(0) @binding(6) var<storage, read_write> y4: array<Act4>;

struct Source { ofA: bool, row: u32 }

fn sourceOf(row: u32) -> Source {
  let all = params.aRows + params.bRows;
  let image = row / all;
  let within = row - image * all;
  if (within < params.aRows) { return Source(true, image * params.aRows + within); }
  return Source(false, image * params.bRows + within - params.aRows);
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width = params.width;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    let source = sourceOf(row);
    for (var i = workgroup.x * 64u + local; i < width; i += 64u * count.x) {
      if (source.ofA) { y[row * width + i] = a[source.row * width + i]; } else { y[row * width + i] = b[source.row * width + i]; }
    }
  }
}

@compute @workgroup_size(64)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width4 = params.width / 4u;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    let source = sourceOf(row);
    for (var i = workgroup.x * 64u + local; i < width4; i += 64u * count.x) {
      if (source.ofA) { y4[row * width4 + i] = a4[source.row * width4 + i]; } else { y4[row * width4 + i] = b4[source.row * width4 + i]; }
    }
  }
}
