import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const skip = new Set([
  'node_modules',
  'dist',
  'lib',
  'test-results',
  'playwright-report',
  'goldens',
  'models',
  '.git',
  '.cache',
])
const text = new Set('.ts .tsx .mjs .js .json .css .html .md .wgsl .wesl .py .c .sh .yml .toml .txt'.split(' '))
const files = walk(root)
const code = files.filter(
  (file) => /^(src|shaders|e2e|bench|recipes|scripts|tools)\//.test(file) || !file.includes('/'),
)
const sources = files.filter((file) => /^src\/.*\.tsx?$/.test(file))
const aliases: Record<string, Record<string, string>> = JSON.parse(read('package.json')).imports

/** A folder may import those of a lower rank. Two of the same rank do not know each other. */
const rank: Record<string, number> = {
  gpu: 1,
  tensor: 2,
  ops: 3,
  models: 4,
  generate: 5,
  train: 5,
  library: 6,
  index: 7,
  app: 8,
  cli: 8,
}
const leaves = new Set(['image', 'text', 'checkpoint'])

describe('the house', () => {
  it('keeps its arrows', () => {
    const wrong = sources
      .filter((file) => !isTest(file))
      .flatMap((file) => imports(file).map((target) => [file, target] as const))
      .filter(([from, to]) => !mayImport(place(from), place(to)))
    expect(wrong.map(([from, to]) => `${from} must not import ${to}`)).toEqual([])
  })

  it('has no cycles', () => {
    expect(findCycles(new Map(sources.map((file) => [file, imports(file)])))).toEqual([])
  })

  it('finds a cycle where there is one', () => {
    const looped = new Map(Object.entries({ a: ['b'], b: ['c'], c: ['b'], d: ['a'] }))
    expect(findCycles(looped)).toEqual(['b → c → b'])
  })

  it('keeps every file under 300 lines', () => {
    const long = code
      .filter((file) => text.has(extname(file)) && !/\.(json|md|txt)$/.test(file))
      .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines >= 300)
    expect(long).toEqual([])
  })

  it('keeps WGSL out of TypeScript', () => {
    const wgsl = /[@]compute\b|var<(storage|workgroup|uniform)[^>]*>\s*\w+\s*:/
    expect(code.filter((file) => /\.tsx?$/.test(file) && wgsl.test(read(file)))).toEqual([])
  })

  it('says what a file does, not that it manages', () => {
    const vague = /engine|manager|service|utils?\b/i
    expect(code.filter((file) => vague.test(file) && basename(file) !== 'engine.worker.ts')).toEqual([])
  })

  it('names every shader in the table, and in its last column the operation, which has a test beside it', () => {
    const table = existsSync(join(root, 'shaders/README.md')) ? read('shaders/README.md') : ''
    const shaders = files.filter((file) => /^shaders\/.*\.(wgsl|wesl)$/.test(file))
    const missing = shaders.flatMap((file) => {
      const path = file.slice('shaders/'.length)
      const row = table.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${path}\``))
      if (!row) return [`${path} in the table of shaders/README.md`]
      const operation = /[@]compute\b/.test(read(file)) ? (/`(\w+)`[^|]*\|\s*$/.exec(row)?.[1] ?? 'NAME') : undefined
      const wanted = operation ? [`src/ops/${operation}.ts`, `src/ops/${operation}.test.ts`] : []
      return wanted.filter((wish) => !existsSync(join(root, wish))).map((wish) => `${wish} for ${path}`)
    })
    expect(missing).toEqual([])
  })

  it('has no path of somebody’s machine and no host of a package registry', () => {
    const foreign = /(^|[\s"'`(=:])[/](work|root|home)[/]|registry[.]npmjs|pypi[.]org|pythonh[o]sted|deb[.]debian/m
    expect(files.filter((file) => isText(file) && foreign.test(read(file)))).toEqual([])
  })
})

/** The folder of src/ that a file belongs to; files beside index.ts are its parts. */
function place(file: string): string {
  const [, first = '', second] = file.split('/')
  const name = basename(first, extname(first))
  if (second === undefined && /Api$/.test(name)) return 'api'
  if (second === undefined) return ['index', 'errors', 'api'].includes(name) ? name : 'library'
  return first
}

function mayImport(from: string, to: string): boolean {
  if (from === to || to === 'errors') return true
  if (from === 'testing') return true
  if (leaves.has(from) || from === 'errors' || to === 'testing') return false
  if (from === 'api') return leaves.has(to)
  if (from === 'app' || from === 'cli') return to === 'index' || to === 'api'
  return to === 'api' || leaves.has(to) || (rank[to] ?? Infinity) < (rank[from] ?? -Infinity)
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$/.test(file)
}

/** What a source file imports from src/, relative to the root; an alias of package.json stands for all of its files. */
function imports(file: string): string[] {
  const found = read(file).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*['"]([.#][^'"]*)['"]/g)
  return [...found].flatMap(([, target = '']) => {
    const alias = aliases[target]
    const paths = alias
      ? Object.values(alias).map((path) => resolve(root, path))
      : [resolve(root, dirname(file), target)]
    return paths.map((path) => relative(root, path)).filter((path) => sources.includes(path))
  })
}

function findCycles(graph: Map<string, string[]>): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (node: string, path: string[]) => {
    const at = path.indexOf(node)
    if (at >= 0) cycles.push([...path.slice(at), node].join(' → '))
    if (at >= 0 || done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return cycles
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function isText(file: string): boolean {
  return text.has(extname(file)) || file.startsWith('.ci/')
}

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (skip.has(name) || skip.has(relative(root, path))) return []
    return statSync(path).isDirectory() ? walk(path) : [relative(root, path)]
  })
}
