/** Saves a blob on the user's disk; the name keeps letters, digits, points and hyphens. */
export function download(blob: Blob, name: string, extension: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = `${name.replace(/[^\p{L}\p{N}.-]+/gu, '-')}.${extension}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
