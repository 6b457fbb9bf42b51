// Accessor of a weight [rows, cols] stored as q4: blocks of 32 along the input axis, w = scale · (q - 8), q in [0, 15] (eight
// to a word, first element lowest), one f16 scale per block (two to a word). Rows are padded to whole blocks.
@group(0) @binding(10) var<storage, read> weight: array<u32>;
@group(0) @binding(11) var<storage, read> scales: array<u32>;
@group(0) @binding(12) var<storage, read> weight4: array<vec4u>; // the same buffer, for whole blocks

fn nibbles(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) - 8.0;
}

fn blockScale(i: u32) -> f32 {
  let pair = unpack2x16float(scales[i >> 1u]);
  return select(pair.x, pair.y, (i & 1u) == 1u);
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
