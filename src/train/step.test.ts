import { afterAll, describe, it } from 'vitest'
import { identify } from '../generate/prompt.ts'
import { load } from '../index.ts'
import { endsOf } from '../models/projectors/ends.ts'
import { visualTokensOf } from '../models/projectors/projector.ts'
import { loadProjector, readProjector } from '../models/projectors/values.ts'
import { executeAndRead } from '../tensor/execute.ts'
import { expectClose } from '../testing/checkOp.ts'
import { golden, goldenBytes, insidesOf } from '../testing/models.ts'
import { goldenExamples, tensorsOf } from '../testing/teaching.ts'
import { labelExample } from './labels.ts'
import { assemble, countLabels, Desk } from './lesson.ts'
import { releaseParameters, trainable } from './parameters.ts'
import { learn } from './step.ts'

for (const name of ['llava-clip-llama', 'llava-siglip-qwen2']) {
  describe(`the first step on ${name}`, async () => {
    const model = await load(golden(name), { weights: 'f32' })
    afterAll(() => model.dispose())
    const { gpu, weights, session, opened } = insidesOf(model)
    const { config } = opened
    if (config.kind !== 'llava') throw new Error('A llava model was expected.')
    const expected = await tensorsOf(goldenBytes(`${name}/expected.safetensors`))
    const examples = goldenExamples(name)
    const tokens = examples.map((example) => {
      const seeing = { visualTokens: visualTokensOf(weights.projector!), instructionTokens: 0 }
      const tools = { ...session.tools, config, maxContext: config.text.maxPositions, ...seeing }
      return labelExample(example, tools, { mask: 'prompt', template: 'chat' }).tokens!
    })
    const images = await Promise.all(examples.map(async ({ image }) => session.vision!.features(await identify(image))))

    it.each([true, false])('has PyTorch’s gradients, layers recomputed: %s', async (recompute) => {
      const values = await readProjector(gpu, weights.projector!)
      const projector = await loadProjector(gpu, endsOf(config), config.projector, values)
      const parameters = trainable(gpu, projector.weights)
      const desk = new Desk(gpu)
      const lesson = desk.lay(assemble(tokens, config.imageTokenId), images)
      const scale = 1 / tokens.reduce((sum, one) => sum + countLabels(one), 0)
      const bench = { weights: { ...weights, projector }, config, parameters, recompute }
      const read = await executeAndRead(gpu, 'first step', (pass) => {
        const { losses } = learn(pass, bench, { lesson, scale, first: true })
        return Object.fromEntries([losses, ...parameters.map(({ gradient }) => gradient)].map((x, i) => [i, x]))
      })
      const order = ['linear_1.weight', 'linear_1.bias', 'linear_2.weight', 'linear_2.bias']
      parameters.forEach(({ value }, i) => {
        const want = expected[`grad.${order[i]}`]!
        const [rows, width] = value.shape.length === 2 ? (value.shape as [number, number]) : [1, value.shape[0]!]
        const cols = want.length / rows
        const gradient = Array.from(read[i + 1]!).filter((_, at) => at % width < cols)
        expectClose(order[i]!, gradient, want, 1e-3)
      })
      desk.dispose()
      releaseParameters(gpu, parameters)
    })
  })
}
