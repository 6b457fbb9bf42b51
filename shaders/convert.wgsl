// convert: a matrix [rows, cols] as it stands in a file (f32, f16 or bf16) into a storage of shaders/storage/, rows padded
// with zeros to blocks of 32. q8: d = f16(max|w| / 127), q = round(w / d). q4: q = clamp(round(w / d), -8, 7) + 8, where d minimizes
// sum w^2 (d q - w)^2 over nine ways to place the element of largest magnitude, m: d about m / -7.2 .. m / -8.8, each set to its least squares.
// Large weights count more, as they multiply what comes in more; after llama.cpp's make_qx_quants. A block of 16 exact levels stays exact.
// One invocation per block of the destination; two blocks share a word of scales, which is why that is written atomically.
import package::flat::flatIndex;

// dtype: 0 f32, 1 f16, 2 bf16. blockSize is always 32: as a parameter it keeps drivers from unrolling the loops, which compiles slowly.
struct Params { rows: u32, cols: u32, firstBlock: u32, dtype: u32, blockSize: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> weight: array<u32>;
@group(0) @binding(3) var<storage, read_write> scales: array<atomic<u32>>;

const SIZE = 64u;

fn blockIndex(workgroup: vec3u, count: vec3u, local: u32) -> u32 {
  return flatIndex(workgroup, count, local, SIZE);
}

fn blocksPerRow() -> u32 {
  return (params.cols + 31u) / 32u;
}

fn element(row: u32, col: u32) -> f32 {
  if (col >= params.cols) { return 0.0; }
  let i = row * params.cols + col;
  if (params.dtype == 0u) { return bitcast<f32>(source[i]); }
  let half = (source[i >> 1u] >> ((i & 1u) * 16u)) & 0xffffu;
  if (params.dtype == 2u) { return bitcast<f32>(half << 16u); }
  return unpack2x16float(half).x;
}

// The value of pack2x16float's bits. Drivers take unpacking what was packed for the value itself, unrounded; below the normal
// range, where quantizeToF16 may give 0, that is near enough.
fn asHalf(value: f32) -> f32 {
  let unpacked = unpack2x16float(pack2x16float(vec2f(value, 0.0))).x;
  return select(quantizeToF16(value), unpacked, abs(value) < 6.2e-5);
}

fn storeScale(block: u32, bits: u32) {
  let at = params.firstBlock + block;
  atomicOr(&scales[at >> 1u], bits << ((at & 1u) * 16u));
}

fn quantized(value: f32, scale: f32, low: f32, high: f32) -> i32 {
  if (scale == 0.0) { return 0; }
  return i32(clamp(round(value / scale), low, high));
}

@compute @workgroup_size(SIZE)
fn toF32(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let block = blockIndex(workgroup, count, local);
  if (block >= params.rows * blocksPerRow()) { return; }
  let row = block / blocksPerRow();
  let col = 32u * (block % blocksPerRow());
  for (var k = 0u; k < params.blockSize; k++) {
    weight[32u * (params.firstBlock + block) + k] = bitcast<u32>(element(row, col + k));
  }
}

@compute @workgroup_size(SIZE)
fn toF16(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let block = blockIndex(workgroup, count, local);
  if (block >= params.rows * blocksPerRow()) { return; }
  let row = block / blocksPerRow();
  let col = 32u * (block % blocksPerRow());
  for (var k = 0u; k < params.blockSize / 2u; k++) {
    let pair = vec2f(element(row, col + 2u * k), element(row, col + 2u * k + 1u));
    weight[16u * (params.firstBlock + block) + k] = pack2x16float(pair);
  }
}

@compute @workgroup_size(SIZE)
fn toQ8(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let block = blockIndex(workgroup, count, local);
  if (block >= params.rows * blocksPerRow()) { return; }
  let row = block / blocksPerRow();
  let col = 32u * (block % blocksPerRow());
  var largest = 0.0;
  for (var k = 0u; k < params.blockSize; k++) { largest = max(largest, abs(element(row, col + k))); }
  let scale = asHalf(largest / 127.0);
  storeScale(block, pack2x16float(vec2f(scale, 0.0)));
  for (var word = 0u; word < params.blockSize / 4u; word++) {
    var packed = 0u;
    for (var k = 0u; k < params.blockSize / 8u; k++) {
      let q = quantized(element(row, col + 4u * word + k), scale, -127.0, 127.0);
      packed |= (bitcast<u32>(q) & 255u) << (8u * k);
    }
    weight[8u * (params.firstBlock + block) + word] = packed;
  }
}

// For q given, sum w^2 (d q - w)^2 is least at d = sum w^3 q / sum w^2 q^2, and the smaller the larger (sum w^3 q)^2 / sum w^2 q^2.
// u = w / extreme keeps the powers in range.
fn bestScale(row: u32, col: u32, extreme: f32) -> f32 {
  if (extreme == 0.0) { return 0.0; }
  var best = 0.0;
  var most = -1.0;
  for (var candidate = 0u; candidate < params.blockSize / 4u + 1u; candidate++) {
    let levels = 7.2 + 0.2 * f32(candidate);
    var both = 0.0;
    var own = 0.0;
    for (var k = 0u; k < params.blockSize; k++) {
      let u = element(row, col + k) / extreme;
      let q = clamp(round(-levels * u), -8.0, 7.0);
      both += u * u * u * q;
      own += u * u * q * q;
    }
    let gain = both * both / own;
    if (gain > most) {
      most = gain;
      best = both / own;
    }
  }
  return best * extreme;
}

@compute @workgroup_size(SIZE)
fn toQ4(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32) {
  let block = blockIndex(workgroup, count, local);
  if (block >= params.rows * blocksPerRow()) { return; }
  let row = block / blocksPerRow();
  let col = 32u * (block % blocksPerRow());
  var extreme = 0.0;
  for (var k = 0u; k < params.blockSize; k++) {
    let value = element(row, col + k);
    if (abs(value) > abs(extreme)) { extreme = value; }
  }
  let scale = asHalf(bestScale(row, col, extreme));
  storeScale(block, pack2x16float(vec2f(scale, 0.0)));
  for (var word = 0u; word < params.blockSize / 8u; word++) {
    var packed = 0u;
    for (var k = 0u; k < params.blockSize / 4u; k++) {
      let q = quantized(element(row, col + 8u * word + k), scale, -8.0, 7.0);
      packed |= u32(q + 8) << (4u * k);
    }
    weight[4u * (params.firstBlock + block) + word] = packed;
  }
}
