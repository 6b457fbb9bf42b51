import { afterAll, describe, expect, it } from 'vitest'
import { bytesSource } from './checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from './checkpoint/checkpoint.ts'
import { decodeImage, load, type Message } from './index.ts'
import { expectClose } from './testing/checkOp.ts'
import { answer, asks, forcedChoices, golden, goldenBytes, goldenJson, says } from './testing/models.ts'

interface Case {
  image: string
  question: string
  answer: string
  prompt: string
  input_ids: number[]
  greedy_ids: number[]
  greedy_text: string
}

for (const name of ['llava-clip-llama', 'llava-siglip-qwen2']) {
  describe(name, async () => {
    const { cases } = goldenJson<{ cases: [Case, Case] }>(`${name}/expected.json`)
    const expected = await singleCheckpoint(bytesSource('expected', goldenBytes(`${name}/expected.safetensors`)))
    const ask = ({ question, image }: Case) => asks(question, `${name}/${image}`)
    const model = await load(golden(name), { weights: 'f32' })
    afterAll(() => model.dispose())
    // SwiftShader's exp is some bits short of others'.
    const tolerance = /swiftshader/i.test(JSON.stringify(model.device)) ? 3e-4 : 1e-4

    it.each([0, 1] as const)('traces case %i as PyTorch does', async (i) => {
      const { inputIds, tensors } = await model.trace([ask(cases[i])])
      expect(inputIds).toEqual(cases[i].input_ids)
      for (const stage of ['pixel_values', 'features', 'visual_tokens', 'logits']) {
        const want = expected.tensors.get(`case${i}.${stage}`)!
        expect(tensors[stage]!.shape, stage).toEqual(want.shape)
        expectClose(`case ${i} ${stage}`, tensors[stage]!.data, await readFloat32(want), tolerance)
      }
    })

    it.each([0, 1] as const)('answers case %i with the same greedy ids', async (i) => {
      const { greedy_ids, greedy_text } = cases[i]
      const { ids, text } = await answer(model, [ask(cases[i])], { maxNewTokens: greedy_ids.length })
      expect({ ids, text }).toEqual({ ids: greedy_ids, text: greedy_text })
    })

    it('chooses step by step what it chooses for the whole at once', async () => {
      const { inputIds, ids } = await answer(model, [ask(cases[0])], { maxNewTokens: 24 })
      const key = 'image'
      const whole = [...inputIds, ...ids]
      const image = await decodeImage(goldenBytes(`${name}/${cases[0].image}`))
      const choices = await forcedChoices(model, {
        ids: whole,
        marks: whole.map(String),
        images: [{ key, open: async () => image }],
      })
      expect(choices.slice(inputIds.length - 1, -1)).toEqual(ids)
    })

    it('says in a conversation what a fresh model says', async () => {
      const turns: Message[] = [ask(cases[0]), says(cases[0].answer), ask(cases[1]), says('Green.'), ask(cases[0])]
      const fresh = await load(golden(name), { weights: 'f32' })
      for (const length of [1, 3, 5]) {
        const { ids } = await answer(model, turns.slice(0, length))
        if (length === 5) expect(ids).toEqual((await answer(fresh, turns)).ids)
      }
      fresh.dispose()
    })
  })
}
