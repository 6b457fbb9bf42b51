import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { bytesSource } from './checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from './checkpoint/checkpoint.ts'
import { explain } from './generate/explain.ts'
import { type ContentPart, carryBack, load, type Message } from './index.ts'
import { expectClose } from './testing/checkOp.ts'
import { answer, asks, golden, goldenBytes, goldenJson, insidesOf, says } from './testing/models.ts'

const name = 'llava-clip-llama'
type Case = { image: string; question: string; greedy_ids: number[]; greedy_text: string }
const { cases } = goldenJson<{ cases: Case[] }>(`${name}/expected.json`)
const { tensors } = await singleCheckpoint(bytesSource('expected', goldenBytes('attention/expected.safetensors')))
const expected = (key: string) => readFloat32(tensors.get(key)!)
const model = await load(golden(name), { weights: 'f32', maxContext: 160 })
const { gpu, session } = insidesOf(model)
afterAll(() => model.dispose())
afterEach(() => {
  for (const { name } of model.projectors().slice(1)) model.removeProjector(name)
})

const [first, second] = cases.map(({ question, image }) => asks(question, `${name}/${image}`)) as [Message, Message]
const greedy = cases[0]!.greedy_ids

describe('explain', () => {
  it.each([0, 1])('gives the attention of transformers to the visual tokens, case %i', async (i) => {
    const explanation = await model.explain([[first, second][i]!], cases[i]!.greedy_ids)
    const { layers, heads, visualTokens, data, imageShare, tokens, text } = explanation
    expect({ layers, heads, visualTokens, tokens: tokens.length }).toEqual({
      ...{ layers: 3, heads: 4, visualTokens: 16, tokens: 24 },
    })
    const want = await expected(`case${i}.attention`)
    expectClose('attention', data, want, 1e-5)
    const shares = Array.from({ length: 24 }, (_, t) =>
      want.subarray(t * 192, (t + 1) * 192).reduce((sum, weight) => sum + weight / 12, 0),
    )
    expectClose('share of the image', imageShare, shares, 1e-5)
    expect(text).toBe(cases[i]!.greedy_text.trimStart())
  })

  it('says which characters a token has, and which tokens a word', async () => {
    const { text, tokens, words } = await model.explain([first], greedy)
    for (const token of tokens) expect(text.slice(token.start, token.end)).toBe(token.text)
    expect(tokens.map(({ id }) => id)).toEqual(greedy)
    expect(tokens.at(-1)!.end).toBe(text.length)
    for (const word of words) expect(text.slice(word.start, word.end)).toBe(word.text)
    const bare = (text: string) => text.replace(/[\s\p{P}]/gu, '')
    expect(bare(words.map((word) => word.text).join(''))).toBe(bare(text))
    for (const { start, end, tokens: range } of words) {
      const own = tokens.slice(...range)
      expect(own.at(0)!.start).toBeLessThanOrEqual(start)
      expect(own.at(-1)!.end).toBeGreaterThanOrEqual(end)
    }
  })

  it('gives a part of the tokens as it gives them among all, in however many pieces', async () => {
    const whole = await model.explain([first], greedy)
    const part = await model.explain([first], greedy, { tokens: [5, 9] })
    expect(part.explained).toEqual([5, 9])
    expectClose('part', part.data, whole.data.subarray(5 * 192, 9 * 192), 1e-5)
    expect(part.tokens).toEqual(whole.tokens)
    const prompt = await session.encode([first])
    const pieces = await explain(insidesOf(model), prompt, greedy, { tokens: [3, 24] }, { rows: 7, bytes: 4 * 192 * 4 })
    expectClose('pieces', pieces.data, whole.data.subarray(3 * 192), 1e-5)
    session.forget()
  })

  it('tells the images of a conversation apart, in their order', async () => {
    const turns = [first, says('A circle.'), second]
    const { ids, text } = await answer(model, turns)
    const { images, visualTokens, data } = await model.explain(turns, ids)
    expect(visualTokens).toBe(32)
    expect(images.map(({ tokens }) => tokens)).toEqual([
      [0, 16],
      [16, 32],
    ])
    const look = carryBack(await model.explain(turns, ids), { tokens: [0, 1], layer: 1, head: 2 })
    const own = data.subarray((1 * 4 + 2) * 32, (1 * 4 + 2) * 32 + 32)
    expectClose('second image', look.images[1]!.heat, own.subarray(16), 1e-6)
    expect((await model.explain(turns, text)).text).toBe(text)
  })

  it('does not disturb a conversation, and encodes no image again', async () => {
    const one = await answer(model, [first], { maxNewTokens: 24 })
    const before = session.vision!.encoded
    await model.explain([first], one.ids)
    expect(session.vision!.encoded).toBe(before)
    const again = await answer(model, [first], { maxNewTokens: 24 })
    expect(again).toMatchObject({ ids: greedy, cachedTokens: 0, imagesEncoded: 0 })
    const explaining = model.explain([first], one.ids)
    await expect(answer(model, [first])).rejects.toMatchObject({ code: 'busy' })
    await explaining
  })

  it('leaves nothing behind, and costs a chat nothing', async () => {
    const kernel = { shader: 'attentionWeights', entry: 'forward', overrides: { ALIGNED: 1 } }
    const cost = async () => {
      session.forget()
      await answer(model, [first])
      const { submits, dispatches, bindGroups } = gpu.counters
      const { created } = gpu.memory
      const kernels = gpu.kernels.count
      session.forget()
      await answer(model, [first])
      return {
        submits: gpu.counters.submits - submits,
        dispatches: gpu.counters.dispatches - dispatches,
        bindGroups: gpu.counters.bindGroups - bindGroups,
        created: gpu.memory.created - created,
        kernels: gpu.kernels.count - kernels,
      }
    }
    const fresh = await load(golden(name), { weights: 'f32', maxContext: 160 })
    await answer(fresh, [first])
    expect(insidesOf(fresh).gpu.kernels.get(kernel)).toBeUndefined()
    fresh.dispose()
    const before = await cost()
    await model.explain([first], greedy)
    expect(gpu.kernels.get(kernel)).toBeDefined()
    const { weights, state } = gpu.memory.bytes
    await model.explain([first], greedy)
    expect(gpu.memory.bytes).toMatchObject({ weights, state })
    expect(await cost()).toEqual({ ...before, created: 0, kernels: 0 })
  })

  it('says what it cannot explain', async () => {
    const asked = (messages: Message[], ids: number[] | string, tokens?: [number, number]) =>
      model.explain(messages, ids, { tokens })
    await expect(asked([{ role: 'user', content: 'Hello' }], [5])).rejects.toThrow('no image in these messages')
    await expect(asked([first], [])).rejects.toThrow('The answer has 0 tokens')
    await expect(asked([first], [5, 6], [1, 3])).rejects.toThrow('has 2 tokens, 1 up to 3 are asked for')
    await expect(asked([first], Array(200).fill(5))).rejects.toMatchObject({ code: 'context-full' })
    await expect(model.explain([first], [5], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    })
  })
})

describe('a projector whose queries look for themselves', () => {
  const explained = async (file: string) => {
    await model.addProjector('other', goldenBytes(file))
    model.useProjector('other')
    const { ids } = await answer(model, [first])
    return model.explain([first], ids)
  }

  it('a resampler, by what they attend to', async () => {
    const explanation = await explained('attention/resampler.safetensors')
    const { origin, tokens } = explanation.images[0]!
    expect(tokens).toEqual([0, 5])
    if (origin.kind !== 'attention') return expect.fail(`found ${origin.kind}`)
    const byHead = await expected('resampler.attention')
    const mean = new Float64Array(2 * 4 * 16)
    byHead.forEach((weight, i) => {
      mean[Math.floor(i / 48) * 16 + (i % 16)]! += weight / 3
    })
    expect(origin.layers).toBe(2)
    expectClose('mean over heads', origin.weights, mean, 1e-4)
  })

  it('a D-Abstractor, at the points that they sample', async () => {
    const explanation = await explained('attention/d-abs.safetensors')
    const { origin } = explanation.images[0]!
    if (origin.kind !== 'points') return expect.fail(`found ${origin.kind}`)
    expect(origin).toMatchObject({ layers: 2, heads: 2, points: 3 })
    expectClose('positions', origin.positions, await expected('points.locations'), 1e-4)
    expectClose('weights', origin.weights, await expected('points.weights'), 1e-4)
    const { images } = carryBack(explanation, { tokens: [0, 1] })
    const placed = images[0]!.points!.reduce((sum, { weight }) => sum + weight, 0)
    expect(images[0]!.points!.length).toBe(4 * 2 * 2 * 3)
    expect(placed).toBeGreaterThan(0)
    expect(placed).toBeLessThan(images[0]!.share)
  })

  it('a C-Abstractor, by the cells that it pools', async () => {
    const explanation = await explained('projectors/training-c-abs.safetensors')
    const { origin, tokens, grid } = explanation.images[0]!
    expect({ tokens, grid }).toEqual({ tokens: [0, 5], grid: { rows: 4, columns: 4 } })
    if (origin.kind !== 'cells') return expect.fail(`found ${origin.kind}`)
    expect([...origin.cells]).toEqual([0, 2, 0, 2, 0, 2, 2, 4, 2, 4, 0, 2, 2, 4, 2, 4, 0, 0, 0, 0])
  })
})

it('knows where the encoder saw an image that is not square', async () => {
  const wide = { width: 64, height: 32, data: new Uint8Array(64 * 32 * 3).fill(90) }
  const content: ContentPart[] = [
    { type: 'image', image: wide },
    { type: 'text', text: 'What?' },
  ]
  const { images } = await model.explain([{ role: 'user', content }], [5, 6])
  expect(images[0]).toMatchObject({ width: 64, height: 32, frame: { x: 16, y: 0, width: 32, height: 32 } })
})
