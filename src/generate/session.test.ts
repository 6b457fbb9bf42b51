import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { load, type Message } from '../index.ts'
import { expectClose } from '../testing/checkOp.ts'
import { answer, asks, golden, goldenJson, insidesOf, says } from '../testing/models.ts'

const name = 'llava-clip-llama'
const { cases } = goldenJson<{ cases: { question: string; greedy_ids: number[] }[] }>(`${name}/expected.json`)
const maxContext = 160
const model = await load(golden(name), { weights: 'f32', maxContext })
const { gpu, session } = insidesOf(model)
afterAll(() => model.dispose())

const [image0, image1] = [`${name}/image0.png`, `${name}/image1.png`]
const first = asks(cases[0]!.question, image0)
const greedy = cases[0]!.greedy_ids
const layers = 3
const vocabulary = 384

/** The same messages to a session that remembers nothing. */
async function fresh(messages: Message[], maxNewTokens = 8) {
  session.forget()
  return answer(model, messages, { maxNewTokens })
}

describe('a conversation', () => {
  it('encodes no image again and prefills only what is new', async () => {
    const one = await fresh([first])
    expect(one).toMatchObject({
      imagesEncoded: 1,
      cachedTokens: 0,
      prefilledTokens: one.inputIds.length,
      visualTokens: 16,
    })
    const turns = [first, says(one.text), { role: 'user', content: 'And where?' } as const]
    const two = await answer(model, turns)
    expect(two.imagesEncoded).toBe(0)
    expect(two.cachedTokens).toBeGreaterThanOrEqual(one.inputIds.length)
    expect(two.cachedTokens + two.prefilledTokens).toBe(two.inputIds.length)
    expect(two.ids).toEqual((await fresh(turns)).ids)
  })

  it('asks the same again over a cache that lacks one row', async () => {
    await fresh([first])
    const again = await answer(model, [first], { maxNewTokens: 24 })
    expect(again).toMatchObject({ prefilledTokens: 1, imagesEncoded: 0, ids: greedy })
  })

  it('decodes a file once, however many questions are asked about it', async () => {
    let reads = 0
    class Counted extends Blob {
      override arrayBuffer() {
        reads++
        return super.arrayBuffer()
      }
    }
    const bytes = new Uint8Array(readFileSync(golden(image0)))
    const ask = (text: string): Message => ({
      role: 'user',
      content: [
        { type: 'image', image: file },
        { type: 'text', text },
      ],
    })
    const file = new Counted([bytes])
    const one = await answer(model, [ask('What is it?')])
    const readsOfOne = reads
    const two = await answer(model, [ask('What is it?'), says(one.text), { role: 'user', content: 'And where?' }])
    expect(readsOfOne).toBeGreaterThan(0)
    expect(reads).toBe(readsOfOne)
    expect(two).toMatchObject({ imagesEncoded: 0, visualTokens: 16 })
  })

  it('follows a question that was edited', async () => {
    await fresh([first])
    const edited = [asks('What colour is it?', image0)]
    const { ids, imagesEncoded, cachedTokens } = await answer(model, edited)
    expect(imagesEncoded).toBe(0)
    expect(cachedTokens).toBeGreaterThan(16)
    expect(ids).toEqual((await fresh(edited)).ids)
  })

  it('takes images in one message and in later ones, in their order', async () => {
    await fresh([first])
    const both = await answer(model, [asks('Compare.', image0, image1)])
    expect(both).toMatchObject({ visualTokens: 32, imagesEncoded: 1 })
    expect(both.ids).toEqual((await fresh([asks('Compare.', image0, image1)])).ids)
    expect((await fresh([asks('Compare.', image1, image0)])).ids).not.toEqual(both.ids)
    const turns = [first, says('A circle.'), asks('And here?', image1)]
    await fresh(turns.slice(0, 1))
    expect((await answer(model, turns)).ids).toEqual((await fresh(turns)).ids)
  })

  it('puts the visual tokens of each image in its place', async () => {
    const { tensors, inputIds } = await model.trace([asks('Compare.', image0, image1)])
    const alone = await model.trace([asks('Compare.', image1)])
    const { data, shape } = tensors.visual_tokens!
    expect(shape).toEqual([2, 16, 64])
    expect(data.slice(16 * 64)).toEqual(alone.tensors.visual_tokens!.data)
    const end = inputIds.indexOf(3) + 16
    const single = (await model.trace([first])).tensors.logits!.data.slice(0, end * vocabulary)
    expectClose('logits up to the first image', tensors.logits!.data.slice(0, end * vocabulary), single, 1e-4)
  })

  it('forgets the images unused for longest, and sees them again', async () => {
    const plain = (shade: number) => ({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(shade) })
    const show = (shade: number): Message[] => [
      {
        role: 'user',
        content: [
          { type: 'image', image: plain(shade) },
          { type: 'text', text: 'What?' },
        ],
      },
    ]
    const { ids } = await answer(model, show(0))
    const before = gpu.memory.bytes.state
    for (let shade = 1; shade <= 20; shade++) await answer(model, show(shade), { maxNewTokens: 1 })
    expect(gpu.memory.bytes.state - before).toBeLessThanOrEqual(16 * 16 * (48 + 64) * 4)
    expect(await answer(model, show(0))).toMatchObject({ ids, imagesEncoded: 1 })
  })
})

describe('a token', () => {
  it('costs one submit and few dispatches, and creates nothing', async () => {
    const cost = async (maxNewTokens: number) => {
      const before = { ...gpu.counters, created: gpu.memory.created, kernels: gpu.kernels.count }
      expect((await answer(model, [first], { maxNewTokens })).ids.length).toBe(maxNewTokens)
      const { submits, dispatches, bindGroups } = gpu.counters
      return {
        submits: submits - before.submits,
        dispatches: dispatches - before.dispatches,
        bindGroups: bindGroups - before.bindGroups,
        created: gpu.memory.created - before.created,
        kernels: gpu.kernels.count - before.kernels,
      }
    }
    await answer(model, [first])
    const few = await cost(3)
    const many = await cost(13)
    expect(many).toMatchObject({ created: 0, kernels: 0, bindGroups: few.bindGroups })
    expect(many.submits - few.submits).toBe(10)
    expect((many.dispatches - few.dispatches) / 10 / layers).toBeLessThanOrEqual(10)
  })

  it.runIf(gpu.timing.available)('is timed kernel by kernel', async () => {
    await answer(model, [first])
    const kernels = await model.profile([first], { temperature: 0, maxNewTokens: 5 })
    expect(kernels.find(({ kernel }) => kernel.startsWith('sample'))).toMatchObject({ count: 5 })
    expect(kernels.reduce((sum, { ms }) => sum + ms, 0)).toBeGreaterThan(0)
    expect((await answer(model, [first], { maxNewTokens: 24 })).ids).toEqual(greedy)
  })
})

describe('the end of an answer', () => {
  it('is the limit, and no token more', async () => {
    const { ids, finishReason, timings } = await answer(model, [first], { maxNewTokens: 5 })
    expect({ ids, finishReason }).toEqual({ ids: greedy.slice(0, 5), finishReason: 'length' })
    expect(timings.firstToken).toBeGreaterThan(0)
    expect(timings.tokensPerSecond).toBeCloseTo(1000 / timings.decodePerToken)
  })

  it('is a stop string, which is not said', async () => {
    const { text } = await answer(model, [first], { maxNewTokens: 24 })
    const stop = text.slice(9, 12)
    let streamed = ''
    for await (const { text: piece, result } of model.chat([first], {
      temperature: 0,
      maxNewTokens: 24,
      stop: [stop],
    })) {
      streamed += piece
      if (result) expect(result).toMatchObject({ finishReason: 'stop', text: text.slice(0, text.indexOf(stop)) })
    }
    expect(streamed).toBe(text.slice(0, text.indexOf(stop)))
  })

  it('is an abort; the next answer is right', async () => {
    const stop = new AbortController()
    let ids: number[] | undefined
    for await (const { id, result } of model.chat([first], { temperature: 0, maxNewTokens: 24, signal: stop.signal })) {
      if (id === greedy[2]) stop.abort()
      if (result) ids = result.ids
      if (result) expect(result.finishReason).toBe('aborted')
    }
    expect(ids!.length).toBeLessThan(24)
    expect(ids).toEqual(greedy.slice(0, ids!.length))
    expect((await answer(model, [first], { maxNewTokens: 24 })).ids).toEqual(greedy)
  })

  it('is an abort before the first token', async () => {
    session.forget()
    const { finishReason, ids } = await answer(model, [asks('New?', image1)], { signal: AbortSignal.abort() })
    expect({ finishReason, ids }).toEqual({ finishReason: 'aborted', ids: [] })
    expect((await answer(model, [first], { maxNewTokens: 24 })).ids).toEqual(greedy)
  })

  it('may be that nobody listens any more', async () => {
    for await (const { id } of model.chat([first], { temperature: 0, maxNewTokens: 24 })) if (id === greedy[1]) break
    expect((await answer(model, [first], { maxNewTokens: 24 })).ids).toEqual(greedy)
  })

  it('is the end of the context', async () => {
    const { inputIds, ids, finishReason } = await answer(model, [first], { maxNewTokens: 1000 })
    expect(finishReason).toBe('length')
    expect(inputIds.length + ids.length).toBe(maxContext)
    expect(ids.slice(0, 24)).toEqual(greedy)
  })
})

describe('a prompt', () => {
  it('that does not fit says so, and the conversation goes on', async () => {
    await answer(model, [first])
    const long = [first, says('A circle.'), { role: 'user', content: 'word '.repeat(200) } as const]
    const { tokens } = await model.count(long)
    expect(tokens).toBeGreaterThan(maxContext)
    await expect(answer(model, long)).rejects.toMatchObject({
      code: 'context-full',
      message: expect.stringMatching(`takes ${tokens} tokens, the context holds ${maxContext}`),
    })
    const { ids, cachedTokens, inputIds } = await answer(model, [first], { maxNewTokens: 24 })
    expect({ ids, cachedTokens }).toEqual({ ids: greedy, cachedTokens: inputIds.length - 1 })
  })

  it('must have a message, a sensible limit and one image per image token', async () => {
    await expect(answer(model, [])).rejects.toThrow('no messages')
    await expect(answer(model, [first], { maxNewTokens: 0 })).rejects.toThrow('maxNewTokens')
    await expect(answer(model, [asks('What is <image>?', image0)])).rejects.toThrow('2 image token(s)')
    await expect(answer(model, [first], { topP: 2 })).rejects.toThrow('topP')
  })

  it('without an image is text alone', async () => {
    const { visualTokens, imagesEncoded, ids } = await answer(model, [{ role: 'user', content: 'Hello' }])
    expect({ visualTokens, imagesEncoded, count: ids.length }).toEqual({ visualTokens: 0, imagesEncoded: 0, count: 8 })
  })
})

describe('sampling', () => {
  const sampled = (seed: number) => answer(model, [first], { temperature: 1, topK: 50, seed, maxNewTokens: 12 })

  it('repeats itself for the same seed only', async () => {
    const { ids } = await sampled(5)
    expect((await sampled(5)).ids).toEqual(ids)
    expect((await sampled(6)).ids).not.toEqual(ids)
  })

  it('says less of what was said with a repetition penalty', async () => {
    const { ids } = await answer(model, [first], { repetitionPenalty: 20, maxNewTokens: 12 })
    expect(new Set(ids).size).toBe(12)
    expect(new Set(greedy.slice(0, 12)).size).toBeLessThan(12)
  })
})
