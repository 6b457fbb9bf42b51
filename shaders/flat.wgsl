// One-dimensional work larger than a grid's side: the grid is folded into rows, see `flatGrid` in src/ops/grid.ts.
fn flatIndex(workgroup: vec3u, count: vec3u, local: u32, size: u32) -> u32 {
  return (workgroup.y * count.x + workgroup.x) * size + local;
}
