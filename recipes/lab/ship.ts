/**
 * tsx recipes/lab/ship.ts LAB [OUT]: puts the projectors of the first seed beside the embedded model, with the index that offers them.
 * Each is added to the model first, which checks that it fits and tells what it is.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load, type OfferedProjector } from '../../src/index.ts'

const [lab = '', out = 'public/models/pocket/projectors'] = process.argv.slice(2)
/** By the names that run.sh gives them: what people call them, and what they do. */
const chosen: Record<string, [label: string, description: string]> = {
  'c-abs-16': ['C-Abstractor', 'Convolutions, pooled to 4 × 4 tokens.'],
  'd-abs-16': ['D-Abstractor', '4 × 4 queries that sample the image at points of their own.'],
  'resampler-16': ['Resampler', '16 queries that attend to the whole image.'],
  'c-abs-36': ['C-Abstractor', 'Convolutions, pooled to 6 × 6 tokens.'],
  linear: ['Linear', 'One linear layer, a token per patch.'],
  mlp: ['MLP', 'Two linear layers, a token per patch.'],
}

const model = await load('embedded')
await mkdir(out, { recursive: true })
const projectors: OfferedProjector[] = []
for (const [trained, [label, about]] of Object.entries(chosen)) {
  const bytes = await readFile(join(lab, 'trained', `${trained}-1.safetensors`))
  const { type, visualTokens, provenance } = await model.addProjector(trained, bytes)
  const name = /\d$/.test(trained) ? trained : `${trained}-${visualTokens}`
  const file = `${name}.safetensors`
  await writeFile(join(out, file), bytes)
  const taught = `Taught for ${provenance.steps} steps on ${Number(provenance.examples).toLocaleString('en')} scenes.`
  projectors.push({
    ...{ name, label: `${label}, ${visualTokens} tokens`, type, visualTokens, file, bytes: bytes.length },
    ...{ description: `${about} ${taught}`, sha256: createHash('sha256').update(bytes).digest('hex') },
  })
}
await writeFile(join(out, 'index.json'), `${JSON.stringify({ projectors }, null, 2)}\n`)
console.log(`${projectors.length} projectors, ${(projectors.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)} MB`)
process.exit()
