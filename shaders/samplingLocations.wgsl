// samplingLocations: locations[q, h, l, p] = reference[q] + offsets[q, h, l, p] / size of map l, for one level: offsets count in cells
// reference [queries, 2], shared by all images; offsets, locations [images · queries, heads, levels, points, 2], as (x, y).
// One invocation per number of a level.
import package::act::Act;
import package::flat::flatIndex;

struct Params {
  images: u32, queries: u32, heads: u32, levels: u32, points: u32, level: u32, mapWidth: f32, mapHeight: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> reference: array<f32>;
@group(0) @binding(2) var<storage, read> offsets: array<Act>;
@group(0) @binding(3) var<storage, read_write> locations: array<f32>;
@group(0) @binding(4) var<storage, read> dLocations: array<f32>;
@group(0) @binding(5) var<storage, read_write> dOffsets: array<Act>;
@group(0) @binding(6) var<storage, read_write> dReference: array<f32>;

const SIZE = 64u;

// Where number i of a query's level lies, behind all others of the image.
fn place(query: u32, image: u32, i: u32) -> u32 {
  let head = i / (2u * params.points);
  let begin = ((image * params.queries + query) * params.heads + head) * params.levels + params.level;
  return 2u * begin * params.points + i - 2u * head * params.points;
}

fn extent(i: u32) -> f32 { return select(params.mapWidth, params.mapHeight, i % 2u == 1u); }

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = workgroup.x * SIZE + local;
  if (i >= 2u * params.heads * params.points) { return; }
  let at = place(workgroup.y, workgroup.z, i);
  locations[at] = reference[2u * workgroup.y + i % 2u] + f32(offsets[at]) / extent(i);
}

// dOffsets = dLocations / size
@compute @workgroup_size(SIZE)
fn backwardOffsets(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = workgroup.x * SIZE + local;
  if (i >= 2u * params.heads * params.points) { return; }
  let at = place(workgroup.y, workgroup.z, i);
  dOffsets[at] = Act(dLocations[at] / extent(i));
}

// dReference[q] = Σ over images, heads, levels and points of dLocations. One invocation per number of the reference.
@compute @workgroup_size(SIZE)
fn backwardReference(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = flatIndex(workgroup, count, local, SIZE);
  if (i >= 2u * params.queries) { return; }
  let points = params.heads * params.levels * params.points;
  var sum = 0.0;
  for (var image = 0u; image < params.images; image++) {
    let begin = 2u * (image * params.queries + i / 2u) * points + i % 2u;
    for (var p = 0u; p < points; p++) { sum += dLocations[begin + 2u * p]; }
  }
  dReference[i] = sum;
}
