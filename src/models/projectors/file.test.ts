import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../checkpoint/byteSource.ts'
import { singleCheckpoint } from '../../checkpoint/checkpoint.ts'
import type { LlavaConfig, LlavaProjectorConfig } from '../../checkpoint/configTypes.ts'
import { llavaLayouts } from '../../checkpoint/renames.ts'
import { writeSafetensors } from '../../checkpoint/writeSafetensors.ts'
import { floatToHalf } from '../../tensor/half.ts'
import { goldenBytes } from '../../testing/models.ts'
import { endsOf } from './ends.ts'
import { projectorMetadata, readProjectorFile, writeProjectorFile } from './file.ts'
import { freshProjector } from './fresh.ts'

const projector: LlavaProjectorConfig = { type: 'mlp2x_gelu', act: 'geluErf', bias: true }
const model = {
  ...{ vision: { hidden: 5 }, text: { hidden: 3 }, featureLayers: [1], positions: 4, levels: 1 },
  projector,
} as LlavaConfig
const shapes: Record<string, number[]> = { '1.weight': [3, 5], '1.bias': [3], '2.weight': [3, 3], '2.bias': [3] }
const mlp = freshProjector(endsOf(model), projector, 1)
const linear = freshProjector(endsOf(model), { ...projector, type: 'linear' }, 1)

/** Tensors by the last part of their canonical name, as `rename` names them in a file. */
function fileOf(
  values: Record<string, Float32Array>,
  rename: (key: string) => string,
  changes: Record<string, number[]> = {},
) {
  const tensors = Object.entries(values).map(([name, data]) => {
    const key = name.replace('multi_modal_projector.linear_', '')
    return [rename(key), { shape: changes[key] ?? shapes[key]!, data: Float32Array.from(data) }] as const
  })
  return writeSafetensors(Object.fromEntries(tensors))
}

const numbered = (key: string) => key.replace('1.', '0.')
const places = ['', 'model.', 'base_model.model.', 'base_model.model.model.']

describe('a projector in a file', () => {
  it.each([
    ...places.map((place) => (key: string) => `${place}multi_modal_projector.linear_${key}`),
    ...places.map((place) => (key: string) => `${place}mm_projector.${numbered(key)}`),
    (key: string) => `linear_${key}`,
  ])('is an MLP where it has two layers, under any naming: %s', async (rename) => {
    const { config, values } = await readProjectorFile(fileOf(mlp, rename), model)
    expect(config).toEqual(projector)
    expect(values).toEqual(mlp)
  })

  it.each([
    ...places.map((place) => (key: string) => `${place}multi_modal_projector.linear_${key}`),
    ...places.map((place) => (key: string) => `${place}mm_projector.${key.replace('1.', '')}`),
    (key: string) => `linear_${key}`,
  ])('is linear where it has one: %s', async (rename) => {
    const { config, values } = await readProjectorFile(fileOf(linear, rename), model)
    expect(config).toEqual({ ...projector, type: 'linear' })
    expect(values).toEqual(linear)
  })

  it('may have no biases', async () => {
    const weights = Object.fromEntries(Object.entries(mlp).filter(([name]) => name.endsWith('weight')))
    const { config } = await readProjectorFile(
      fileOf(weights, (key) => `linear_${key}`),
      model,
    )
    expect(config).toEqual({ ...projector, bias: false })
  })

  it.each(['F16', 'BF16'] as const)('may be stored as %s', async (dtype) => {
    const rounded = (value: number) => Math.round(value * 128) / 128
    const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!
    const tensors = Object.entries(linear).map(([name, data]) => {
      const half = Uint16Array.from(data, (v) => (dtype === 'F16' ? floatToHalf(rounded(v)) : bits(rounded(v)) >>> 16))
      const key = name.replace('multi_modal_projector.linear_', '')
      return [name, { shape: shapes[key]!, dtype, data: new Uint8Array(half.buffer) }] as const
    })
    const { values } = await readProjectorFile(writeSafetensors(Object.fromEntries(tensors)), model)
    for (const [name, data] of Object.entries(linear)) expect(values[name]).toEqual(data.map(rounded))
  })

  it.each(llavaLayouts)('is written under the names of its checkpoint ($name), and read again', async (layout) => {
    const config: LlavaProjectorConfig = { ...projector, act: 'geluTanh' }
    const base = { name: 'pocket', origin: 'https://me:secret@hub.example/pocket?token=x', architecture: 'Llava' }
    const settings = { learningRate: 1e-3, betas: [0.9, 0.999] }
    const metadata = projectorMetadata(base, config, { examples: 8, steps: 20, loss: 0.25, settings, about: 'birds' })
    const tensors = Object.entries(mlp).map(([name, data]) => {
      return [name, { shape: shapes[name.replace('multi_modal_projector.linear_', '')]!, data }] as const
    })
    const file = writeProjectorFile(config, layout, Object.fromEntries(tensors), metadata)
    const { tensors: written } = await singleCheckpoint(bytesSource('file', file))
    const root = layout.name.startsWith('in memory') ? 'model.multi_modal_projector' : 'multi_modal_projector'
    expect([...written.keys()].sort()).toEqual(
      ['linear_1.bias', 'linear_1.weight', 'linear_2.bias', 'linear_2.weight'].map((name) => `${root}.${name}`),
    )
    expect(await readProjectorFile(file, model)).toEqual({
      config,
      values: mlp,
      metadata: {
        format: 'pt',
        base_model: 'pocket',
        base_model_origin: 'https://hub.example/pocket',
        base_model_architecture: 'Llava',
        projector_type: 'mlp2x_gelu',
        projector_hidden_act: 'gelu_pytorch_tanh',
        multimodal_projector_bias: 'true',
        examples: '8',
        steps: '20',
        loss: '0.25',
        settings: JSON.stringify(settings),
        about: 'birds',
      },
    })
  })

  it('keeps the path of a folder to itself', () => {
    const metadata = projectorMetadata({ name: 'm', origin: '/Users/me/secret/m', architecture: 'Llava' }, projector)
    expect(JSON.stringify(metadata)).not.toContain('secret')
  })
})

describe('a file that does not fit', () => {
  const hub = (key: string) => `multi_modal_projector.linear_${key}`
  const with_ = (values: Record<string, Float32Array>) => fileOf(values, hub)
  const part = (...keys: string[]) => Object.fromEntries(keys.map((key) => [hub(key), mlp[hub(key)]!]))

  it('names both shapes and what to do', async () => {
    const narrow = { ...model, vision: { hidden: 7 } } as LlavaConfig
    await expect(readProjectorFile(with_(mlp), narrow)).rejects.toMatchObject({
      code: 'checkpoint-mismatch',
      message: expect.stringMatching(/linear_1\.weight is \[3,5\], this model needs \[3,7\]\. Load the model/),
    })
    const small = { ...model, text: { hidden: 4 } } as LlavaConfig
    await expect(readProjectorFile(with_(mlp), small)).rejects.toThrow('linear_2.bias is [3], this model needs [4]')
  })

  it.each([
    ['is none', new TextEncoder().encode('a text that is no safetensors file'), /no safetensors file/],
    ['is empty', new Uint8Array(), /no safetensors file/],
    ['is cut short', with_(mlp).slice(0, -1), /cut short/],
    [
      'is a whole model',
      goldenBytes('llava-clip-llama/model.safetensors'),
      /more than a projector\. If it is a whole model/,
    ],
    [
      'is of something else',
      writeSafetensors({ x: { shape: [1], data: Float32Array.of(1) } }),
      /x, so it holds none of/,
    ],
    ['lacks a layer', with_(part('2.weight', '2.bias')), /has only multi_modal_projector\.linear_2/],
    ['lacks a bias', with_(part('1.weight', '1.bias', '2.weight')), /a bias for all of them or none/],
    ['has no tensor', writeSafetensors({}), /has only no tensor/],
    ['is NaN', with_({ ...mlp, [hub('1.bias')]: new Float32Array(3).fill(Number.NaN) }), /linear_1\.bias holds values/],
    [
      'is of integers',
      writeSafetensors({ [hub('1.weight')]: { shape: [3, 5], data: new Int32Array(15) } }),
      /stored as I32/,
    ],
  ])('because it %s', async (_, file, message) => {
    const refused = readProjectorFile(file, model)
    await expect(refused).rejects.toMatchObject({ code: 'bad-file', message: expect.stringMatching(message) })
  })
})
