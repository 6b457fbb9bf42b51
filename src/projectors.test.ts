import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { bytesSource } from './checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from './checkpoint/checkpoint.ts'
import { llavaLayouts, toCanonical, toFileName } from './checkpoint/renames.ts'
import { writeSafetensors } from './checkpoint/writeSafetensors.ts'
import { load, type Model } from './index.ts'
import { Projectors } from './projectors.ts'
import { expectClose } from './testing/checkOp.ts'
import { changedProjector, goldenFiles, goldenTensors, type RawTensors, rawFile } from './testing/goldenFiles.ts'
import { answer, asks, golden, goldenBytes, goldenJson, insidesOf, says } from './testing/models.ts'
import { storiesFiles } from './testing/stories.ts'

const name = 'llava-clip-llama'
const tensors = await goldenTensors(name)
const question = asks('What is shown in this image?', `${name}/image0.png`)
const logitsOf = async (model: Model) => (await model.trace([question])).tensors.logits!.data
const idsOf = async (model: Model) => (await answer(model, [question])).ids

const other = await changedProjector(name)
const otherFile = writeSafetensors(other, { format: 'pt', about: 'perturbed' })

describe('a model with several projectors', async () => {
  const model = await load(golden(name), { weights: 'f32' })
  afterAll(() => model.dispose())
  afterEach(() => {
    for (const { name } of model.projectors().slice(1)) model.removeProjector(name)
  })
  const logits = await logitsOf(model)
  const ids = await idsOf(model)

  it('has its own at first', () => {
    expect(model.projectors()).toEqual([
      {
        name: 'base',
        type: 'mlp2x_gelu',
        visualTokens: 16,
        parameters: 64 * 48 + 64 + 64 * 64 + 64,
        bytes: 4 * (64 * 64 + 64 + 64 * 64 + 64),
        active: true,
        fresh: { type: 'mlp2x_gelu' },
        provenance: {},
      },
    ])
  })

  it('answers with the one in use, as a checkpoint with it would, and as before once it is back', async () => {
    const files = goldenFiles(name, { 'model.safetensors': { tensors: { ...tensors, ...other } } })
    const whole = await load({ kind: 'files', files }, { weights: 'f32' })
    const [otherLogits, otherIds] = [await logitsOf(whole), await idsOf(whole)]
    whole.dispose()
    expect(otherIds).not.toEqual(ids)

    const added = await model.addProjector('other', otherFile)
    expect(added).toMatchObject({ name: 'other', active: false, provenance: { about: 'perturbed' } })
    expect(await idsOf(model)).toEqual(ids)
    model.useProjector('other')
    expect(model.projectors().map(({ active }) => active)).toEqual([false, true])
    const { ids: said, imagesEncoded, cachedTokens } = await answer(model, [question])
    expect({ said, imagesEncoded, cachedTokens }).toEqual({ said: otherIds, imagesEncoded: 0, cachedTokens: 0 })
    expect(await logitsOf(model)).toEqual(otherLogits)
    model.useProjector('base')
    expect(await idsOf(model)).toEqual(ids)
    expect(await logitsOf(model)).toEqual(logits)
  })

  it('reads a conversation anew after a change, and goes on in it without one', async () => {
    await model.addProjector('other', otherFile)
    const first = await answer(model, [question])
    const turns = [question, says(first.text), asks('And now?')]
    model.useProjector('other')
    expect((await answer(model, turns)).cachedTokens).toBe(0)
    expect((await answer(model, turns)).cachedTokens).toBeGreaterThan(20)
  })

  it('finishes an answer with the projector that it began with', async () => {
    await model.addProjector('other', otherFile)
    const said: number[] = []
    for await (const { id } of model.chat([question], { maxNewTokens: 8, temperature: 0 })) {
      if (id !== undefined) said.push(id)
      model.useProjector('other')
      expect(() => model.removeProjector('other')).toThrow('Wait for its end')
    }
    expect(said).toEqual(ids)
    expect(await idsOf(model)).not.toEqual(ids)
  })

  it('goes back to its own when the one in use is removed, and frees its memory', async () => {
    const before = model.memory().weightBytes
    const { bytes } = await model.addProjector('other', otherFile)
    expect(model.memory().weightBytes).toBe(before + bytes)
    model.useProjector('other')
    model.removeProjector('other')
    expect(model.projectors().map(({ name, active }) => [name, active])).toEqual([['base', true]])
    expect(model.memory().weightBytes).toBe(before)
    expect(await idsOf(model)).toEqual(ids)
  })

  it('may have one of another type', async () => {
    const layer = Object.entries(other).filter(([key]) => key.includes('linear_1'))
    const info = await model.addProjector('line', writeSafetensors(Object.fromEntries(layer)))
    expect(info).toMatchObject({ type: 'linear', parameters: 64 * 49 })
    model.useProjector('line')
    const files = goldenFiles(name, {
      'model.safetensors': {
        tensors: {
          ...Object.fromEntries(Object.entries(tensors).filter(([key]) => !key.startsWith('multi_modal_projector.'))),
          ...Object.fromEntries(layer),
        },
      },
      'config.json': { json: { ...goldenJson<object>(`${name}/config.json`), mm_projector_type: 'linear' } },
    })
    const whole = await load({ kind: 'files', files }, { weights: 'f32' })
    expect(await logitsOf(model)).toEqual(await logitsOf(whole))
    whole.dispose()
  })

  it('exports what it was given, and its own as it stands in the checkpoint', async () => {
    await model.addProjector('other', otherFile)
    const exported = await model.exportProjector('other')
    const { metadata } = await singleCheckpoint(bytesSource('exported', exported))
    expect(metadata.get('about')).toBe('perturbed')
    model.removeProjector('other')
    expect(await rawOf(exported)).toEqual(other)
    const base = await model.exportProjector('base')
    expect(await rawOf(base)).toEqual(await changedProjector(name, (value) => value))
    expect(Object.fromEntries((await singleCheckpoint(bytesSource('base', base))).metadata)).toEqual({
      format: 'pt',
      base_model: name,
      base_model_architecture: 'LlavaForConditionalGeneration',
      projector_type: 'mlp2x_gelu',
      projector_hidden_act: 'gelu',
      multimodal_projector_bias: 'true',
    })
  })

  it('says what it cannot do', async () => {
    await expect(model.addProjector('base', otherFile)).rejects.toThrow('There is a projector "base" already')
    await expect(model.addProjector(' ', otherFile)).rejects.toThrow('needs a name')
    expect(() => model.useProjector('x')).toThrow('There is no projector "x"; there is "base"')
    expect(() => model.removeProjector('base')).toThrow('cannot be removed')
    await expect(model.exportProjector('x')).rejects.toMatchObject({ code: 'bad-argument' })
    const wide = writeSafetensors({ 'linear_1.weight': { shape: [8, 4], data: new Float32Array(32) } })
    await expect(model.addProjector('wide', wide)).rejects.toThrow('is [8,4], this model needs [64,48]')
    expect(model.projectors().length).toBe(1)
  })
})

describe('a training', () => {
  it('begins with the checkpoint’s own projector, a fresh one, or that of a file, all in full precision', async () => {
    const model = await load(golden(name), { weights: 'q4' })
    const { gpu, weights, opened, info } = insidesOf(model)
    const projectors = new Projectors(gpu, weights, opened, info)
    const numbers = (raw: RawTensors) =>
      Object.fromEntries(Object.entries(raw).map(([key, { data }]) => [key, new Float32Array(data.buffer)]))
    const config = { type: 'mlp2x_gelu', act: 'geluErf', bias: true }
    const own = { config, values: numbers(await changedProjector(name, (value) => value)) }
    expect(await projectors.start('base', 0)).toEqual(own)
    await projectors.add('other', otherFile)
    projectors.use('other')
    expect(await projectors.start('base', 0)).toEqual(own)
    expect(await projectors.start({ file: otherFile }, 0)).toMatchObject({ config, values: numbers(other) })
    const fresh = await projectors.start('linear', 5)
    expect(fresh.config).toEqual({ ...config, type: 'linear' })
    expect(fresh).toEqual(await projectors.start('linear', 5))
    expect(fresh).not.toEqual(await projectors.start('linear', 6))
    const file = projectors.file(fresh.config, fresh.values, { steps: 3 })
    expect(await projectors.add('fresh', file)).toMatchObject({ type: 'linear', provenance: { steps: '3' } })
    projectors.dispose()
    model.dispose()
  })
})

describe('a projector that was trained and exported', () => {
  it('gives the logits that PyTorch computes with it', async () => {
    const { cases } = goldenJson<{ cases: { image: string; question: string }[] }>(`${name}/expected.json`)
    const { tensors: expected } = await singleCheckpoint(
      bytesSource('expected', goldenBytes('projector/expected.safetensors')),
    )
    const model = await load(golden(name), { weights: 'f32' })
    const { provenance } = await model.addProjector('trained', goldenBytes('projector/projector.safetensors'))
    expect(provenance).toMatchObject({ base_model: name, examples: '2', steps: '20' })
    const ask = ({ image, question }: (typeof cases)[0]) => model.trace([asks(question, `${name}/${image}`)])
    const before = await ask(cases[0]!)
    model.useProjector('trained')
    for (const [i, one] of cases.entries()) {
      const { logits } = (await ask(one)).tensors
      const want = await readFloat32(expected.get(`case${i}.logits`)!)
      expectClose(`case ${i}`, logits!.data, want, 1e-4)
      if (i === 0) expect(() => expectClose('before', before.tensors.logits!.data, want, 1e-2)).toThrow()
    }
    model.dispose()
  })
})

describe('a projector of a quantized model', () => {
  it.each(llavaLayouts)('has the names of its checkpoint: $name', async (layout) => {
    const renamed = Object.entries(tensors).map(([key, tensor]) => {
      return [toFileName(layout, toCanonical(llavaLayouts[0]!, key)!)!, tensor] as const
    })
    const files = goldenFiles(name, { 'model.safetensors': { tensors: Object.fromEntries(renamed) } })
    const model = await load({ kind: 'files', files }, { weights: 'q4' })
    const exported = await model.exportProjector('base')
    const wanted = renamed.filter(([key]) => key.includes('multi_modal_projector'))
    expect(await rawOf(exported)).toEqual(Object.fromEntries(wanted))
    await model.addProjector('copy', exported)
    model.useProjector('copy')
    expect(await model.exportProjector('copy')).toEqual(exported)
    model.dispose()
  })
})

describe('a model without eyes', () => {
  it('has no projectors and takes none', async () => {
    const files = await storiesFiles(async (file) => goldenBytes(`stories260k/${file}`))
    const model = await load({ kind: 'files', files })
    expect(model.projectors()).toEqual([])
    await expect(model.addProjector('other', otherFile)).rejects.toThrow('reads text only')
    await expect(model.exportProjector('base')).rejects.toThrow('there is none')
    model.dispose()
  })
})

const rawOf = async (file: Uint8Array) => (await rawFile(file)).tensors
