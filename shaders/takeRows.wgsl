// takeRows: from each image the rows `first` to `first + taken` of its `whole`: y[m · taken + r] = x[m · whole + first + r]
// x [images · whole, width]; y [images · taken, width]. Invocations stride over `rows` rows of the result and over each row; in forward4
// and backward4, where the width is a multiple of 4, by four.
import package::act::{Act, Act4};
import package::flat::rowIndex;

struct Params { rows: u32, whole: u32, first: u32, taken: u32, width: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Act>;
@group(0) @binding(2) var<storage, read_write> y: array<Act>;
@group(0) @binding(3) var<storage, read> x4: array<Act4>;
@group(0) @binding(4) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(5) var<storage, read> dy: array<Act>;
@group(0) @binding(6) var<storage, read_write> dx: array<Act>;
@group(0) @binding(7) var<storage, read> dy4: array<Act4>;
@group(0) @binding(8) var<storage, read_write> dx4: array<Act4>;

fn sourceOf(row: u32) -> u32 {
  let image = row / params.taken;
  return image * params.whole + params.first + row - image * params.taken;
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width = params.width;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    let source = sourceOf(row);
    for (var i = workgroup.x * 64u + local; i < width; i += 64u * count.x) { y[row * width + i] = x[source * width + i]; }
  }
}

@compute @workgroup_size(64)
fn forward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width4 = params.width / 4u;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    let source = sourceOf(row);
    for (var i = workgroup.x * 64u + local; i < width4; i += 64u * count.x) { y4[row * width4 + i] = x4[source * width4 + i]; }
  }
}

struct Place { taken: bool, row: u32 }

fn placeOf(row: u32) -> Place {
  let image = row / params.whole;
  let within = row - image * params.whole - params.first;
  return Place(within < params.taken, image * params.taken + within);
}

// dx[m · whole + first + r] = dy[m · taken + r] for the rows that were taken, else 0
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width = params.width;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    let place = placeOf(row);
    for (var i = workgroup.x * 64u + local; i < width; i += 64u * count.x) {
      var value = Act();
      if (place.taken) { value = dy[place.row * width + i]; }
      dx[row * width + i] = value;
    }
  }
}

@compute @workgroup_size(64)
fn backward4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let width4 = params.width / 4u;
  for (var row = rowIndex(workgroup, count); row < params.rows; row += count.y * count.z) {
    let place = placeOf(row);
    for (var i = workgroup.x * 64u + local; i < width4; i += 64u * count.x) {
      var value = Act4();
      if (place.taken) { value = dy4[place.row * width4 + i]; }
      dx4[row * width4 + i] = value;
    }
  }
}
