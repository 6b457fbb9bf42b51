/** Workgroups of a one-dimensional grid, folded into two dimensions where one is not enough; with `flatIndex` in WGSL. */
export function flatGrid(workgroups: number, most = 65535): [number, number] {
  if (workgroups <= most) return [workgroups, 1]
  const y = Math.ceil(workgroups / most)
  return [Math.ceil(workgroups / y), y]
}
