/** Workgroups of a one-dimensional grid, folded into two dimensions where one is not enough; with `flatIndex` in WGSL. */
export function flatGrid(workgroups: number, most = 65535): [number, number] {
  if (workgroups <= most) return [workgroups, 1]
  const y = Math.ceil(workgroups / most)
  return [Math.ceil(workgroups / y), y]
}

/** To begin a workgroup costs a CPU as much as a dozen loads, so kernels that stride over their work get no more than these there. */
const mostOnCpu = 32

/** Workgroups of 64 whose invocations stride over `items` by all of them together: one item each, or on a CPU several. */
export function strideGrid(items: number, cpu: boolean): [number, number] {
  const workgroups = Math.ceil(items / 64)
  return flatGrid(cpu ? Math.min(mostOnCpu, workgroups) : workgroups)
}

/** The same over rows of `items` each, with `rowIndex` in WGSL: several rows to a workgroup on a CPU. */
export function strideRows(rows: number, items: number, cpu: boolean): [number, number, number] {
  return cpu ? rowGrid(Math.min(mostOnCpu, rows), 1) : rowGrid(rows, Math.ceil(items / 64))
}

/** Workgroups over `rows` rows, each row in `perRow` of them; with `rowIndex` in WGSL. */
export function rowGrid(rows: number, perRow: number, most = 65535): [number, number, number] {
  const [y, z] = flatGrid(rows, most)
  return [perRow, y, z]
}
