// deformableSampling: y[q, h, :] = Σ_p weights[q, h, p] · value of head h at locations[q, h, p], for one level; a level behind the
// first adds to what is there. value [images · cells, heads, width], the cells of an image level by level, each map row-major;
// locations [images · queries, heads, levels, points, 2], x and y from 0 to 1; weights the same without the 2; y [images · queries, heads,
// width]. Bilinear, zeros outside; cell i has its middle at (i + 0.5) / size (align_corners false). Where a point lies exactly on a cell,
// its slopes are those towards the cell that follows. Zhu et al. 2020, arXiv:2010.04159; as grid_sample of PyTorch. A location that is
// no number or beyond 2^23 cells is outside.
// forward: one invocation per query, head and `columns` vec4s of it, which takes two points at a time: a CPU driver moves all loads of
// a loop's body to its front, and no more than eight vec4s fit its registers.
import package::act::{Act, Act4};

struct Params {
  queries: u32, heads: u32, width: u32, levels: u32, points: u32, shift: u32,
  cells: u32, level: u32, firstCell: u32, mapWidth: u32, mapHeight: u32, columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> value: array<Act4>;
@group(0) @binding(2) var<storage, read> locations: array<vec2f>;
@group(0) @binding(3) var<storage, read> weights: array<Act>;
@group(0) @binding(4) var<storage, read_write> y: array<Act>;
@group(0) @binding(5) var<storage, read_write> y4: array<Act4>;
@group(0) @binding(6) var<storage, read> dy: array<Act4>;
@group(0) @binding(7) var<storage, read_write> dLocations: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> dWeights: array<Act>;
@group(0) @binding(9) var<storage, read_write> records: array<vec4u>;
@group(0) @binding(10) var<storage, read_write> bins: array<u32>;
@group(0) @binding(11) var<storage, read_write> first: array<u32>;
@group(0) @binding(12) var<storage, read_write> dValue: array<Act>;
@group(0) @binding(13) var<storage, read_write> dValue4: array<Act4>;

override ALIGNED: bool = false; // width is a multiple of 4, and results go to y4 and dValue4; else element by element to y and dValue
override COLUMNS: u32 = 1u; // vec4s per invocation of backwardValue, all of one head; at most 4

const SIZE = 64u;
const TOGETHER = 2u;
const FAR = 0x4b000000u; // the bits of 2^23

// The four cells about a point: `corner` is the lower right one, 0 to the size of the map; `part` how far the point is towards it from
// the upper left one.
struct Place { corner: vec2u, part: vec2f, inside: bool }

fn mapSize() -> vec2u { return vec2u(params.mapWidth, params.mapHeight); }

fn placeOf(location: vec2f) -> Place {
  let at = location * vec2f(mapSize()) - 0.5;
  let far = (bitcast<vec2u>(at) & vec2u(0x7fffffffu)) > vec2u(FAR);
  let begin = floor(select(at, vec2f(-2.0), far));
  let corner = vec2u(vec2i(begin) + 1);
  let inside = all(corner <= mapSize());
  return Place(select(vec2u(1u), corner, inside), at - begin, inside);
}

// Where the vec4s of the four cells begin, upper left and right, lower left and right, `base` being that of the map's first cell. One
// outside gives way to its neighbour inside.
fn cellsOf(corner: vec2u, base: u32) -> vec4u {
  let strides = params.heads * width4() * vec2u(1u, params.mapWidth);
  let low = (max(corner, vec2u(1u)) - 1u) * strides;
  let high = min(corner, mapSize() - 1u) * strides;
  return base + vec4u(low.x, high.x, low.x, high.x) + vec4u(low.y, low.y, high.y, high.y);
}

// Which of the four cells are inside.
fn presence(place: Place) -> vec4<bool> {
  let low = place.corner != vec2u();
  let high = place.corner != mapSize();
  return vec4<bool>(low.x, high.x, low.x, high.x) & vec4<bool>(low.y, low.y, high.y, high.y) & vec4<bool>(place.inside);
}

// The shares of the four cells.
fn sharesOf(place: Place) -> vec4f {
  let across = vec2f(1.0 - place.part.x, place.part.x);
  let down = vec2f(1.0 - place.part.y, place.part.y);
  return select(vec4f(), across.xyxy * down.xxyy, presence(place));
}

// Heads are counted in vec4s, the last of each filled up with zeros.
fn width4() -> u32 { return (params.width + 3u) / 4u; }

// The head of a row's vec4, by a division of floats, which is exact here and which a CPU driver does for all lanes at once.
fn headOf(block: u32) -> u32 { return u32((f32(block) + 0.5) / f32(width4())); }

// The elements of vec4 i where heads are no multiple of 4 wide: where they begin, and how many they are.
fn elementsOf(i: u32) -> vec2u {
  let row = i / width4();
  let begin = 4u * (i - row * width4());
  return vec2u(row * params.width + begin, min(4u, params.width - begin));
}

fn loadValue(i: u32) -> vec4f {
  if (ALIGNED) { return vec4f(value[i]); }
  var found = vec4f();
  let elements = elementsOf(i);
  for (var k = 0u; k < elements.y; k++) { found[k] = f32(value[(elements.x + k) / 4u][(elements.x + k) % 4u]); }
  return found;
}

fn loadDy(i: u32) -> vec4f {
  if (ALIGNED) { return vec4f(dy[i]); }
  var found = vec4f();
  let elements = elementsOf(i);
  for (var k = 0u; k < elements.y; k++) { found[k] = f32(dy[(elements.x + k) / 4u][(elements.x + k) % 4u]); }
  return found;
}

fn storeY(i: u32, sum: vec4f, adds: bool) {
  if (ALIGNED) {
    var total = sum;
    if (adds) { total += vec4f(y4[i]); }
    y4[i] = Act4(total);
    return;
  }
  let elements = elementsOf(i);
  for (var k = 0u; k < elements.y; k++) {
    var total = sum[k];
    if (adds) { total += f32(y[elements.x + k]); }
    y[elements.x + k] = Act(total);
  }
}

fn storeDValue(i: u32, sum: vec4f) {
  if (ALIGNED) {
    dValue4[i] = Act4(sum);
    return;
  }
  let elements = elementsOf(i);
  for (var k = 0u; k < elements.y; k++) { dValue[elements.x + k] = Act(sum[k]); }
}

@compute @workgroup_size(SIZE)
fn forward(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let image = workgroup.z;
  let chunks = width4() / params.columns;
  let line = (workgroup.x * SIZE + local) / chunks;
  if (line >= params.queries * params.heads) { return; }
  let chunk = (workgroup.x * SIZE + local - line * chunks) * params.columns;
  let row = image * params.queries * params.heads + line;
  let begin = (row * params.levels + params.level) * params.points;
  let map = (image * params.cells + params.firstCell) * params.heads + line % params.heads;
  let to = row * width4() + chunk;
  for (var p = 0u; p < params.points; p += TOGETHER) {
    var cells = array<vec4u, TOGETHER>();
    var shares = array<vec4f, TOGETHER>();
    for (var k = 0u; k < TOGETHER; k++) {
      let point = begin + min(p + k, params.points - 1u);
      let place = placeOf(locations[point]);
      cells[k] = cellsOf(place.corner, map * width4() + chunk);
      shares[k] = sharesOf(place) * select(0.0, f32(weights[point]), place.inside && p + k < params.points);
    }
    for (var i = 0u; i < params.columns; i++) {
      var sum = vec4f();
      for (var k = 0u; k < TOGETHER; k++) {
        for (var c = 0u; c < 4u; c++) { sum = fma(vec4f(shares[k][c]), loadValue(cells[k][c] + i), sum); }
      }
      storeY(to + i, sum, params.level + p > 0u);
    }
  }
}

// With s[c] = Σ_k dy[q, h, k] · value[cell c, h, k], 0 outside: dWeights = Σ_c share[c] · s[c], and dLocations = weight · size · (the slope
// of Σ_c share[c] · s[c] along x and y). One invocation per point; a weight that is 0 has slopes too.
@compute @workgroup_size(SIZE)
fn backwardPoints(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let image = workgroup.z;
  let i = workgroup.x * SIZE + local;
  if (i >= params.queries * params.heads * params.points) { return; }
  let line = i / params.points;
  let row = image * params.queries * params.heads + line;
  let point = (row * params.levels + params.level) * params.points + i - line * params.points;
  let place = placeOf(locations[point]);
  let base = (image * params.cells + params.firstCell) * params.heads + line % params.heads;
  let cells = cellsOf(place.corner, base * width4());
  var sums = vec4f();
  for (var i = 0u; i < width4(); i++) {
    let came = loadDy(row * width4() + i);
    for (var c = 0u; c < 4u; c++) { sums[c] += dot(came, loadValue(cells[c] + i)); }
  }
  let s = select(vec4f(), sums, presence(place));
  let part = select(vec2f(), place.part, place.inside);
  dWeights[point] = Act(dot(s, sharesOf(place)));
  let slopes = vec2f(mix(s.y - s.x, s.w - s.z, part.y), mix(s.z - s.x, s.w - s.y, part.x));
  dLocations[point] = f32(weights[point]) * vec2f(mapSize()) * slopes;
}

// For the gradient of the values, each point finds its bin, the cell that is its lower right corner (bins are one more each way than
// cells), and the points of a bin form a chain in their order: first[image, head, bin] is the number of the first slot plus 1, the w of
// a record that of the next one, 0 ends it. A slot is query << shift | point, so that no division leads back to the query. A record
// is the point's part, its weight and the next.
fn slotOf(query: u32, point: u32) -> u32 { return (query << params.shift) | point; }

fn binOf(corner: vec2u) -> u32 { return corner.y * (params.mapWidth + 1u) + corner.x; }

fn binCount() -> u32 { return (params.mapWidth + 1u) * (params.mapHeight + 1u); }

fn recordOf(place: Place, point: u32, next: u32) -> vec4u {
  return vec4u(bitcast<vec2u>(place.part), bitcast<u32>(f32(weights[point])), next);
}

// One invocation per slot; bins[slot] is the bin's number plus 1, 0 for a point outside or a slot without one.
@compute @workgroup_size(SIZE)
fn bin(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let slots = params.queries << params.shift;
  let slot = workgroup.x * SIZE + local;
  if (slot >= slots) { return; }
  let query = slot >> params.shift;
  let p = slot - (query << params.shift);
  let to = (workgroup.z * params.heads + workgroup.y) * slots + slot;
  var found = 0u;
  if (p < params.points) {
    let row = (workgroup.z * params.queries + query) * params.heads + workgroup.y;
    let point = (row * params.levels + params.level) * params.points + p;
    let place = placeOf(locations[point]);
    found = select(0u, binOf(place.corner) + 1u, place.inside);
    records[to] = recordOf(place, point, 0u);
  }
  bins[to] = found;
}

// Links the chains, one invocation per slot and then per bin, which looks for the first slot of the bin behind its own or of all.
@compute @workgroup_size(SIZE)
fn link(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let slots = params.queries << params.shift;
  let i = workgroup.x * SIZE + local;
  if (i >= slots + binCount()) { return; }
  let group = workgroup.z * params.heads + workgroup.y;
  let begin = group * slots;
  var sought = i - slots + 1u;
  var next = 0u;
  if (i < slots) {
    sought = bins[begin + i];
    next = i + 1u;
    if (sought == 0u) { return; }
  }
  while (next < slots && bins[begin + next] != sought) { next++; }
  let found = select(0u, next + 1u, next < slots);
  if (i < slots) { records[begin + i].w = found; } else { first[group * binCount() + i - slots] = found; }
}

// What `bin` and `link` do, one invocation per image and head, its points from the last to the first; `first` is zeroed before. For
// CPU drivers.
@compute @workgroup_size(8)
fn chain(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.x * 8u + local;
  if (head >= params.heads) { return; }
  let group = workgroup.z * params.heads + head;
  for (var query = params.queries; query > 0u; query--) {
    let row = (workgroup.z * params.queries + query - 1u) * params.heads + head;
    let begin = (row * params.levels + params.level) * params.points;
    for (var p = params.points; p > 0u; p--) {
      let place = placeOf(locations[begin + p - 1u]);
      if (!place.inside) { continue; }
      let at = group * binCount() + binOf(place.corner);
      let slot = slotOf(query - 1u, p - 1u);
      records[group * (params.queries << params.shift) + slot] = recordOf(place, begin + p - 1u, first[at]);
      first[at] = slot + 1u;
    }
  }
}

// dValue[cell, h, :] = Σ over the points of the four bins about the cell of weight · share · dy[q, h, :], in the order of bins, then points.
// One workgroup per cell, whose invocations stride over its heads, COLUMNS vec4s at a time.
@compute @workgroup_size(SIZE)
fn backwardValue(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let cell = workgroup.xy;
  let stride = params.heads * width4();
  let to = (workgroup.z * params.cells + params.firstCell + cell.y * params.mapWidth + cell.x) * stride;
  for (var block = local * COLUMNS; block < stride; block += SIZE * COLUMNS) {
    let group = workgroup.z * params.heads + headOf(block);
    let begin = group * (params.queries << params.shift);
    var sums = array<vec4f, 4>();
    for (var c = 0u; c < 4u; c++) {
      let upper = vec2u(c & 1u, c >> 1u);
      var next = first[group * binCount() + binOf(cell + upper)];
      while (next != 0u) {
        let record = records[begin + next - 1u];
        let part = bitcast<vec2f>(record.xy);
        let shares = select(part, 1.0 - part, upper == vec2u(1u));
        let share = vec4f(bitcast<f32>(record.z) * shares.x * shares.y);
        let source = (workgroup.z * params.queries + ((next - 1u) >> params.shift)) * stride + block;
        for (var i = 0u; i < COLUMNS; i++) { sums[i] = fma(share, loadDy(source + i), sums[i]); }
        next = record.w;
      }
    }
    for (var i = 0u; i < COLUMNS; i++) { storeDValue(to + block + i, sums[i]); }
  }
}
