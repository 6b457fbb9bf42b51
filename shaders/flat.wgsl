// One-dimensional work larger than a grid's side: the grid is folded into rows, see `flatGrid` in src/ops/grid.ts.
fn flatIndex(workgroup: vec3u, count: vec3u, local: u32, size: u32) -> u32 {
  return (workgroup.y * count.x + workgroup.x) * size + local;
}

// The row of a grid of rows times columns, whose rows may fill two sides, see `rowGrid` in src/ops/grid.ts. Kernels that work on
// rows take it in place of a division: a CPU driver divides integers one lane after the other.
fn rowIndex(workgroup: vec3u, count: vec3u) -> u32 {
  return workgroup.z * count.y + workgroup.y;
}
