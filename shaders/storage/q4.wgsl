// Accessor of a weight [rows, cols] stored as q4: blocks of 32 along the input axis, w = scale · (q - 8), q in [0, 15] (eight
// to a word, first element lowest), one f16 scale per block (two to a word). Rows are padded to whole blocks.
@group(0) @binding(10) var<storage, read> weight: array<u32>;
@group(0) @binding(11) var<storage, read> scales: array<u32>;
@group(0) @binding(12) var<storage, read> weight4: array<vec4u>; // the same buffer, for whole blocks

fn nibbles(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) - 8.0;
}

fn blockScale(i: u32) -> f32 {
  return unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x;
}

fn loadWeight4(i: u32) -> vec4f {
  return nibbles(weight[i >> 1u] >> ((i & 1u) * 16u)) * blockScale(i >> 3u);
}

// Elements 8i..8i+7 of the padded array, without the scale of their block, i / 4.
struct Eight {
  low: vec4f,
  high: vec4f,
}

fn loadEight(i: u32) -> Eight {
  let word = weight[i];
  return Eight(nibbles(word), nibbles(word >> 16u));
}

// A block of 32 weights as it is stored; blockWeight4(b, k) are its elements 4k..4k+3 without the scale, k < 8.
struct Block {
  words: vec4u,
}

fn loadBlock(i: u32) -> Block {
  return Block(weight4[i]);
}

fn blockWeight4(block: Block, k: u32) -> vec4f {
  return nibbles(block.words[k >> 1u] >> ((k & 1u) * 16u));
}

// A slab is 8 rows × a block of 32 columns, `step` blocks from row to row, which eight neighbouring invocations read together: each
// takes four columns, slabColumn(lane, 0 .. 3), of row r by slabRow, without the rows' scales. Each holds the block of one row.
struct Slab {
  words: vec4u,
}

fn loadSlab(block: u32, step: u32, lane: u32) -> Slab {
  return Slab(weight4[block + lane * step]);
}

// A nibble of each word, so that all neighbours want the same words.
fn slabRow(slab: Slab, r: u32, invocation: u32) -> vec4f {
  let words = subgroupShuffle(slab.words, (invocation & ~7u) + r);
  return vec4f(vec4i((words >> vec4u(4u * (invocation & 7u))) & vec4u(15u))) - 8.0;
}

fn slabColumn(lane: u32, i: u32) -> u32 {
  return 8u * i + lane;
}
