/** Workgroups of a one-dimensional grid, folded into two dimensions where one is not enough; with `flatIndex` in WGSL. */
export function flatGrid(workgroups: number, most = 65535): [number, number] {
  if (workgroups <= most) return [workgroups, 1]
  const y = Math.ceil(workgroups / most)
  return [Math.ceil(workgroups / y), y]
}

/** Workgroups over `rows` rows, each row in `perRow` of them; with `rowIndex` in WGSL. */
export function rowGrid(rows: number, perRow: number, most = 65535): [number, number, number] {
  const [y, z] = flatGrid(rows, most)
  return [perRow, y, z]
}
