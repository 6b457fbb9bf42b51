import { expect, it } from 'vitest'
import type { AnswerToken, ExplainOptions, Explanation, Look, LookSelection, Model } from '../api.ts'
import { carryBack } from '../generate/carryBack.ts'
import { inWords } from '../generate/inWords.ts'
import type { WireLook } from './protocol.ts'
import { connect, modelWith } from './testClient.ts'

/** An answer of 60 tokens of two characters each, and a model that explains it: token t gives visual token m (t + 1) / (m + 100). */
const tokens: AnswerToken[] = Array.from({ length: 60 }, (_, t) => ({
  id: t,
  text: 'a ',
  start: 2 * t,
  end: 2 * t + 2,
}))

function explaining() {
  const runs: (readonly number[])[] = []
  let active = 'base'
  const explain = async (
    _messages: unknown,
    ids: readonly number[] | string,
    { tokens: range }: ExplainOptions = {},
  ) => {
    const explained = range ?? [0, ids.length]
    runs.push(explained)
    const [first, end] = explained
    const data = Float32Array.from(
      { length: 8 * (end - first) },
      (_, i) => (first + Math.floor(i / 8) + 1) / ((i % 4) + 100),
    )
    const cells = Int32Array.of(...[0, 1, 0, 1], ...[0, 1, 1, 2], ...[1, 2, 0, 1], ...[1, 2, 1, 2])
    const frame = { x: 0, y: 0, width: 20, height: 10 }
    const image = { width: 20, height: 10, frame, grid: { rows: 2, columns: 2 }, tokens: [0, 4] as const }
    const text = tokens.map((token) => token.text).join('')
    const explanation: Explanation = {
      ...{
        text,
        tokens,
        words: [],
        explained,
        layers: 1,
        heads: 2,
        visualTokens: 4,
        data,
        imageShare: new Float32Array(),
      },
      images: [{ ...image, origin: { kind: 'cells', cells } }],
    }
    return explanation
  }
  const projectors = () => [{ name: 'base' }, { name: 'other' }].map((one) => ({ ...one, active: one.name === active }))
  const use = (name: string) => {
    active = name
  }
  const model = modelWith({ explain, projectors: projectors as Model['projectors'], useProjector: use })
  return { runs, model }
}

const asked: WireLook = {
  messages: [{ role: 'user', content: [{ type: 'image', imageId: 'a' }] }],
  images: new Map([['a', new Blob(['a'])]]),
  ids: tokens.map(({ id }) => id),
  characters: [2, 4],
}

async function connected() {
  const { runs, model } = explaining()
  const selections: (LookSelection | undefined)[] = []
  const client = connect({
    load: async () => model,
    carryBack: (explanation: Explanation, selection?: LookSelection): Look => {
      selections.push(selection)
      return carryBack(explanation, selection)
    },
    inWords,
  })
  await client.load('embedded', {})
  return { client, runs, selections }
}

it('gives what went to each image, with the tokens of the characters that are asked for', async () => {
  const { client, selections } = await connected()
  const reply = await client.look({ ...asked, head: 1 })
  expect(selections).toEqual([{ tokens: [1, 2], layer: undefined, head: 1 }])
  expect(reply).toMatchObject({
    layers: 1,
    heads: 2,
    images: [{ width: 20, words: expect.stringContaining('all over') }],
  })
  expect(Array.from(reply.images[0]!.heat, (value) => value.toFixed(4))).toEqual([
    '0.0200',
    '0.0198',
    '0.0196',
    '0.0194',
  ])
})

it('runs the model once for an answer, and again for words far behind and for another projector', async () => {
  const { client, runs, selections } = await connected()
  await client.look(asked)
  await client.look({ ...asked, characters: [90, 95], layer: 0 })
  expect(runs).toEqual([[0, 48]])
  await client.look({ ...asked, characters: [110, 114] })
  expect(runs.slice(1)).toEqual([[55, 60]])
  expect(selections.at(-1)).toMatchObject({ tokens: [55, 57] })
  await client.useProjector('other')
  await client.look({ ...asked, characters: [110, 114] })
  expect(runs.slice(2)).toEqual([
    [0, 48],
    [55, 60],
  ])
})

it('says what failed', async () => {
  const { client } = await connected()
  const images = new Map<string, Blob>()
  const messages: WireLook['messages'] = [{ role: 'user', content: [{ type: 'image', imageId: 'gone' }] }]
  await expect(client.look({ ...asked, messages, images })).rejects.toMatchObject({ code: 'bad-argument' })
})
