import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bytesSource } from './checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from './checkpoint/checkpoint.ts'
import { type ChatResult, load, type Message, type Model } from './index.ts'
import { expectClose } from './testing/checkOp.ts'

const golden = (path: string) => fileURLToPath(new URL(`../goldens/${path}`, import.meta.url))

async function answer(model: Model, messages: Message[], maxNewTokens: number): Promise<ChatResult> {
  for await (const { result } of model.chat(messages, { maxNewTokens, temperature: 0 })) if (result) return result
  throw new Error('no result')
}

for (const name of ['llava-clip-llama', 'llava-siglip-qwen2']) {
  describe(name, async () => {
    const { cases } = JSON.parse(readFileSync(golden(`${name}/expected.json`), 'utf8'))
    const expected = await singleCheckpoint(
      bytesSource('expected', readFileSync(golden(`${name}/expected.safetensors`))),
    )
    const ask = (i: number): Message[] => {
      const image = new Uint8Array(readFileSync(golden(`${name}/${cases[i].image}`)))
      return [
        {
          role: 'user',
          content: [
            { type: 'image', image },
            { type: 'text', text: cases[i].question },
          ],
        },
      ]
    }
    const model = await load(golden(name), { weights: 'f32' })

    it.each([0, 1])('traces case %i as PyTorch does', async (i) => {
      const { inputIds, tensors } = await model.trace(ask(i))
      expect(inputIds).toEqual(cases[i].input_ids)
      for (const stage of ['pixel_values', 'features', 'visual_tokens', 'logits']) {
        const want = expected.tensors.get(`case${i}.${stage}`)!
        expect(tensors[stage]!.shape, stage).toEqual(want.shape)
        expectClose(`case ${i} ${stage}`, tensors[stage]!.data, await readFloat32(want), 1e-4)
      }
    })

    it.each([0, 1])('answers case %i with the same greedy ids', async (i) => {
      const { ids, text } = await answer(model, ask(i), cases[i].greedy_ids.length)
      expect(ids).toEqual(cases[i].greedy_ids)
      expect(text).toBe(cases[i].greedy_text)
    })
  })
}
