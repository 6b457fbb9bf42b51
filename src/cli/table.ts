/** Columns of text under their titles, padded to line up; columns that hold only numbers are aligned to the right. */
export function table(titles: string[], rows: string[][]): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const numeric = titles.map((_, i) => rows.every((row) => /^[\d.,]+( ?[%MB]+)?$/.test(row[i]!)))
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(titles), ...rows.map(line)].join('\n')
}
