import { afterAll, describe, expect, it } from 'vitest'
import { load } from '../index.ts'
import { expectClose } from '../testing/checkOp.ts'
import { golden, goldenBytes, goldenJson } from '../testing/models.ts'
import { goldenExamples, goldenSettings, taught, tensorsOf } from '../testing/teaching.ts'

/** A bias of keys moves all scores of a row alike: its gradient is rounding, of which AdamW makes whole steps. */
const adrift = /k_proj\.bias$/

for (const name of ['c-abs', 'd-abs']) {
  describe(`teaching a fresh ${name}`, async () => {
    const { base, losses: wanted } = goldenJson<{ base: string; losses: number[] }>(`projectors/training-${name}.json`)
    const expected = await tensorsOf(goldenBytes(`projectors/training-${name}.expected.safetensors`))
    const file = goldenBytes(`projectors/training-${name}.safetensors`)
    const model = await load(golden(base), { weights: 'f32' })
    afterAll(() => model.dispose())

    it('has PyTorch’s ten losses and trained weights', async () => {
      const settings = { ...goldenSettings, projector: { file } }
      const { losses, result } = await taught(model, goldenExamples(base), { settings })
      expect(losses).toHaveLength(wanted.length)
      losses.forEach((loss, i) => {
        expect(Math.abs(loss / wanted[i]! - 1), `loss ${i} is ${loss}, expected ${wanted[i]}`).toBeLessThan(1e-4)
      })
      const trained = await tensorsOf(result.projector)
      expect(
        Object.keys(trained)
          .map((key) => `trained.${key}`)
          .sort(),
      ).toEqual(
        Object.keys(expected)
          .filter((key) => key.startsWith('trained.'))
          .sort(),
      )
      for (const [key, values] of Object.entries(trained))
        if (!adrift.test(key)) expectClose(key, values, expected[`trained.${key}`]!, 1e-3)
    })
  })
}
