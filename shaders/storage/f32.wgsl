// Accessor of a weight [rows, cols] stored as f32. Every storage pads its rows with zeros to whole blocks of 32, so that
// element 4i..4i+3 of the padded, row-major array is loadWeight4(i).
@group(0) @binding(10) var<storage, read> weight: array<vec4f>;

fn loadWeight4(i: u32) -> vec4f {
  return weight[i];
}

// Elements 8i..8i+7 of the padded array, without the scale of their block, i / 4.
struct Eight {
  low: vec4f,
  high: vec4f,
}

fn loadEight(i: u32) -> Eight {
  return Eight(weight[2u * i], weight[2u * i + 1u]);
}

// A block of 32 weights, held in registers; blockWeight4(b, k) are its elements 4k..4k+3, k < 8.
struct Block {
  values: array<vec4f, 8>,
}

fn loadBlock(i: u32) -> Block {
  let at = 8u * i;
  return Block(array<vec4f, 8>(
    weight[at], weight[at + 1u], weight[at + 2u], weight[at + 3u],
    weight[at + 4u], weight[at + 5u], weight[at + 6u], weight[at + 7u],
  ));
}

fn blockWeight4(block: Block, k: u32) -> vec4f {
  return block.values[k];
}

// The factor that blockWeight4 leaves out.
fn blockScale(i: u32) -> f32 {
  return 1.0;
}

// A slab is 8 rows × a block of 32 columns, `step` blocks from row to row, which eight neighbouring invocations read together: each
// takes four columns, slabColumn(lane, 0 .. 3), of row r by slabRow, without the rows' scales.
struct Slab {
  block: u32,
  step: u32,
}

fn loadSlab(block: u32, step: u32, lane: u32) -> Slab {
  return Slab(block, step);
}

fn slabRow(slab: Slab, r: u32, invocation: u32) -> vec4f {
  return weight[8u * (slab.block + r * slab.step) + (invocation & 7u)];
}

fn slabColumn(lane: u32, i: u32) -> u32 {
  return 4u * lane + i;
}
