import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../shaders/', import.meta.url))

/** Every WGSL module by its path below `shaders/`, e.g. `storage/q4.wgsl`. */
export const shaderSources: Record<string, string> = Object.fromEntries(
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.wgsl'))
    .map((path) => [path.replaceAll('\\', '/'), readFileSync(root + path, 'utf8')]),
)
