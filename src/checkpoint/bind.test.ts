import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bind, CheckpointMismatchError, type Spec } from './bind.ts'
import { bytesSource } from './byteSource.ts'
import { type Checkpoint, openCheckpoint, singleCheckpoint } from './checkpoint.ts'
import { fsFiles } from './fs.node.ts'
import { decoderLayouts, llavaLayouts, toCanonical, toFileName } from './renames.ts'
import { writeSafetensors } from './writeSafetensors.ts'

/** A checkpoint of zeros with these names and shapes. */
function tiny(shapes: Record<string, number[]>): Promise<Checkpoint> {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    return [name, { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) }] as const
  })
  return singleCheckpoint(bytesSource('tiny', writeSafetensors(Object.fromEntries(tensors))))
}

const spec: Spec = {
  'vision_tower.embeddings.class_embedding': { shape: [4] },
  'multi_modal_projector.linear_1.weight': { shape: [6, 4] },
  'language_model.layers.0.input_layernorm.weight': { shape: [6] },
  'lm_head.weight': { shape: [9, 6], optional: true },
}

/** The four tensors of the spec as each naming writes them. */
const namings: [string, string[]][] = [
  [
    '(1) hub files',
    [
      'vision_tower.vision_model.embeddings.class_embedding',
      'multi_modal_projector.linear_1.weight',
      'language_model.model.layers.0.input_layernorm.weight',
      'language_model.lm_head.weight',
    ],
  ],
  [
    '(2) in memory',
    [
      'model.vision_tower.vision_model.embeddings.class_embedding',
      'model.multi_modal_projector.linear_1.weight',
      'model.language_model.layers.0.input_layernorm.weight',
      'lm_head.weight',
    ],
  ],
  [
    '(3) saved by 5.x',
    [
      'vision_tower.embeddings.class_embedding',
      'multi_modal_projector.linear_1.weight',
      'language_model.model.layers.0.input_layernorm.weight',
      'language_model.lm_head.weight',
    ],
  ],
  [
    'in memory of 5.x',
    [
      'model.vision_tower.embeddings.class_embedding',
      'model.multi_modal_projector.linear_1.weight',
      'model.language_model.layers.0.input_layernorm.weight',
      'lm_head.weight',
    ],
  ],
]
const shapes = Object.values(spec).map(({ shape }) => [...shape])

describe('bind', () => {
  it.each(namings)('finds the tensors under the naming %s', async (_, names) => {
    const checkpoint = await tiny(Object.fromEntries(names.map((name, i) => [name, shapes[i]!])))
    const { tensors } = bind(checkpoint, spec, { layouts: llavaLayouts })
    expect(Object.keys(spec).map((name) => tensors.get(name)?.name)).toEqual(names)
  })

  it('does without optional tensors and skips old buffers', async () => {
    const [, hub] = namings[0]!
    const checkpoint = await tiny({
      ...Object.fromEntries(hub.slice(0, 3).map((name, i) => [name, shapes[i]!])),
      'vision_tower.vision_model.embeddings.position_ids': [5],
      'language_model.model.layers.0.self_attn.rotary_emb.inv_freq': [2],
    })
    expect([...bind(checkpoint, spec, { layouts: llavaLayouts }).tensors.keys()]).toEqual(
      expect.arrayContaining(Object.keys(spec).slice(0, 3)),
    )
  })

  it('reports everything missing, unexpected and of another shape at once, in the names of the file', async () => {
    const checkpoint = await tiny({
      'model.vision_tower.vision_model.embeddings.class_embedding': [5],
      'model.language_model.layers.0.input_layernorm.weight': [6],
      'model.language_model.layers.1.input_layernorm.weight': [6],
      'what.is.this': [1],
    })
    const error: CheckpointMismatchError = await Promise.resolve()
      .then(() => bind(checkpoint, spec, { layouts: llavaLayouts }) as never)
      .catch((caught) => caught)
    expect(error).toBeInstanceOf(CheckpointMismatchError)
    expect(error.code).toBe('checkpoint-mismatch')
    expect(error.missing).toEqual(['model.multi_modal_projector.linear_1.weight'])
    expect(error.unexpected).toEqual(['model.language_model.layers.1.input_layernorm.weight', 'what.is.this'])
    expect(error.misshaped).toEqual([
      { name: 'model.vision_tower.vision_model.embeddings.class_embedding', expected: [4], found: [5] },
    ])
    expect(error.message).toMatch(
      /Missing \(1\):\n {2}model.multi_modal.*Unexpected \(2\):.*Of another shape \(1\):\n.*expected \[4\], found \[5\]/s,
    )
  })

  it.each(['llava-clip-llama', 'llava-siglip-qwen2'])('reads %s under every naming', async (folder) => {
    const files = await fsFiles(fileURLToPath(new URL(`../../goldens/${folder}`, import.meta.url)))
    const checkpoint = await openCheckpoint(files)
    const hub = llavaLayouts[0]!
    const canonical = [...checkpoint.tensors].map(([name, ref]) => [toCanonical(hub, name)!, ref] as const)
    const golden: Spec = Object.fromEntries(canonical.map(([name, { shape }]) => [name, { shape }]))
    for (const layout of llavaLayouts) {
      const renamed = new Map(canonical.map(([name, ref]) => [toFileName(layout, name)!, ref]))
      expect(renamed.size).toBe(checkpoint.tensors.size)
      const binding = bind({ origin: layout.name, tensors: renamed }, golden, { layouts: llavaLayouts })
      expect(binding.layout).toBe(layout)
      for (const [name, ref] of canonical) expect(binding.tensors.get(name)).toBe(ref)
    }
  })
})

describe('layouts', () => {
  it('are invertible', () => {
    for (const layout of [...llavaLayouts, ...decoderLayouts]) {
      for (const { file, canonical } of layout.prefixes) {
        expect(
          layout.prefixes.filter((other) => other.file.startsWith(file) || other.canonical.startsWith(canonical)),
        ).toHaveLength(1)
        expect(toCanonical(layout, `${file}x`)).toBe(`${canonical}x`)
        expect(toFileName(layout, `${canonical}x`)).toBe(`${file}x`)
      }
    }
    expect(toCanonical(decoderLayouts[0]!, 'model.layers.0.mlp.up_proj.weight')).toBe(
      'language_model.layers.0.mlp.up_proj.weight',
    )
    expect(toCanonical(llavaLayouts[0]!, 'score.weight')).toBeUndefined()
  })
})
