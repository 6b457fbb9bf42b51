import { afterAll, describe, expect, it } from 'vitest'
import { load } from './index.ts'
import { expectClose } from './testing/checkOp.ts'
import { golden, goldenBytes, goldenJson } from './testing/models.ts'
import { goldenExamples, goldenSettings, taught, tensorsOf } from './testing/teaching.ts'

for (const name of ['llava-clip-llama', 'llava-siglip-qwen2']) {
  describe(`teaching ${name}`, async () => {
    const { training } = goldenJson<{ training: { losses: number[] } }>(`${name}/expected.json`)
    const expected = await tensorsOf(goldenBytes(`${name}/expected.safetensors`))
    const examples = goldenExamples(name)
    const model = await load(golden(name), { weights: 'f32' })
    afterAll(() => model.dispose())

    it.each(['always', 'never'] as const)(
      'has PyTorch’s ten losses and trained weights, recompute %s',
      async (recompute) => {
        const { losses, result } = await taught(model, examples, { settings: { ...goldenSettings, recompute } })
        expect(losses).toHaveLength(10)
        losses.forEach((loss, i) => {
          expect(
            Math.abs(loss / training.losses[i]! - 1),
            `loss ${i} is ${loss}, expected ${training.losses[i]}`,
          ).toBeLessThan(1e-4)
        })
        const trained = await tensorsOf(result.projector)
        for (const [key, values] of Object.entries(trained)) {
          const want = expected[`trained.${key.replace(/^.*projector\./, '')}`]!
          expectClose(key, values, want, 1e-3)
        }
      },
    )
  })
}
