// Accessor of a weight [rows, cols] stored as q8: blocks of 32 along the input axis, w = scale · q, q in [-127, 127] (four
// signed bytes to a word, first element lowest), one f16 scale per block (two to a word). Rows are padded to whole blocks.
@group(0) @binding(10) var<storage, read> weight: array<u32>;
@group(0) @binding(11) var<storage, read> scales: array<u32>;
@group(0) @binding(12) var<storage, read> weight4: array<vec4u>; // the same buffer, for whole blocks

fn signedBytes(word: u32) -> vec4f {
  return vec4f((vec4i(bitcast<i32>(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

fn blockScale(i: u32) -> f32 {
  return unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x;
}

fn loadWeight4(i: u32) -> vec4f {
  return signedBytes(weight[i]) * blockScale(i >> 3u);
}

// Elements 8i..8i+7 of the padded array, without the scale of their block, i / 4.
struct Eight {
  low: vec4f,
  high: vec4f,
}

fn loadEight(i: u32) -> Eight {
  return Eight(signedBytes(weight[2u * i]), signedBytes(weight[2u * i + 1u]));
}

// A block of 32 weights as it is stored; blockWeight4(b, k) are its elements 4k..4k+3 without the scale, k < 8.
struct Block {
  low: vec4u,
  high: vec4u,
}

fn loadBlock(i: u32) -> Block {
  return Block(weight4[2u * i], weight4[2u * i + 1u]);
}

fn blockWeight4(block: Block, k: u32) -> vec4f {
  return signedBytes(select(block.low[k & 3u], block.high[k & 3u], k >= 4u));
}

// A slab is 8 rows × a block of 32 columns, `step` blocks from row to row, which eight neighbouring invocations read together: each
// takes four columns, slabColumn(lane, 0 .. 3), of row r by slabRow, without the rows' scales. Each holds half a block of two rows.
struct Slab {
  low: vec4u,
  high: vec4u,
}

fn loadSlab(block: u32, step: u32, lane: u32) -> Slab {
  let at = 2u * (block + (lane & 3u) * step) + (lane >> 2u);
  return Slab(weight4[at], weight4[at + 8u * step]);
}

// A byte of each word of a half, so that all neighbours want the same words.
fn slabRow(slab: Slab, r: u32, invocation: u32) -> vec4f {
  let words = subgroupShuffle(select(slab.low, slab.high, r >= 4u), (invocation & ~3u) + (r & 3u));
  return vec4f(vec4i(words << vec4u(24u - 8u * (invocation & 3u))) >> vec4u(24u));
}

fn slabColumn(lane: u32, i: u32) -> u32 {
  return 16u * (lane >> 2u) + 4u * i + (lane & 3u);
}
