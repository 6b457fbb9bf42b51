// Accessor of a weight [rows, cols] stored as q8: blocks of 32 along the input axis, w = scale · q, q in [-127, 127] (four
// signed bytes to a word, first element lowest), one f16 scale per block (two to a word). Rows are padded to whole blocks.
@group(0) @binding(10) var<storage, read> weight: array<u32>;
@group(0) @binding(11) var<storage, read> scales: array<u32>;
@group(0) @binding(12) var<storage, read> weight4: array<vec4u>; // the same buffer, for whole blocks

fn signedBytes(word: u32) -> vec4f {
  return vec4f((vec4i(bitcast<i32>(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

fn blockScale(i: u32) -> f32 {
  let pair = unpack2x16float(scales[i >> 1u]);
  return select(pair.x, pair.y, (i & 1u) == 1u);
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
