/**
 * tsx recipes/lab/first_token.ts LAB [RUNS]: milliseconds until the first token, per projector in LAB/trained, the checkpoint's own among them.
 * Twenty scenes of the test with nothing reused between questions; the fastest quarter of the scenes, since a machine is often shared.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { compare, decodeImage, load } from '../../src/index.ts'

const [lab = '', runs = '5'] = process.argv.slice(2)
const model = await load('embedded', { weights: 'q4' })
const files = (await readdir(join(lab, 'trained'))).filter((name) => name.endsWith('-1.safetensors')).sort()
for (const name of files) {
  const file = await readFile(join(lab, 'trained', name))
  await model.addProjector(basename(name, '-1.safetensors'), file)
}
const projectors = model.projectors().map(({ name }) => name)
const times = new Map<string, { visualTokens: number; encode: number[]; first: number[] }>()
const text = 'What is in the image?\nAnswer the question using a single word or phrase.'
for (let scene = 0; scene < 20; scene++) {
  const image = await decodeImage(await readFile(join(lab, 'test', `${String(scene).padStart(4, '0')}.png`)))
  for await (const one of compare(model, { image, question: text }, { projectors, runs: Number(runs), maxNewTokens: 2 })) {
    const seen = times.get(one.projector) ?? { visualTokens: one.visualTokens, encode: [], first: [] }
    seen.encode.push(one.encodeMs)
    seen.first.push(one.firstTokenMs)
    times.set(one.projector, seen)
  }
}
const fast = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 2]!
for (const [projector, { visualTokens, encode, first }] of times) {
  console.log(JSON.stringify({ projector, visualTokens, encodeMs: fast(encode), firstTokenMs: fast(first) }))
}
process.exit()
