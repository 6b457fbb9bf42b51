import { describe, expect, it } from 'vitest'
import { execute, executeAndRead, stateTensor, upload } from '../tensor/execute.ts'
import { expectClose } from '../testing/checkOp.ts'
import { type Hardness, hardNumbers } from '../testing/hardNumbers.ts'
import { testGpu } from '../testing/testGpu.ts'
import { type AdamwOptions, adamw } from './adamw.ts'

const defaults: Omit<AdamwOptions, 'step'> = {
  learningRate: 1e-2,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0.01,
  clip: 0,
}

type State = { value: Float64Array; m: Float64Array; v: Float64Array }

/** torch.optim.AdamW after clip_grad_norm_ in f64. */
function reference({ value, m, v }: State, gradient: ArrayLike<number>, norm: number, options: AdamwOptions): void {
  const { learningRate, betas, eps, weightDecay, clip, step } = options
  const scale = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1
  for (let i = 0; i < value.length; i++) {
    const g = gradient[i]! * scale
    m[i] = betas[0] * m[i]! + (1 - betas[0]) * g
    v[i] = betas[1] * v[i]! + (1 - betas[1]) * g * g
    const denominator = Math.sqrt(v[i]!) / Math.sqrt(1 - betas[1] ** step) + eps
    value[i] = value[i]! * (1 - learningRate * weightDecay)
    value[i] = value[i]! - (learningRate / (1 - betas[0] ** step)) * (m[i]! / denominator)
  }
}

/** A parameter on the GPU, whose steps are taken with gradients and norms from outside. */
async function parameter(start: Float32Array) {
  const gpu = await testGpu()
  const tensor = (label: string) => stateTensor(gpu, label, [start.length])
  const state = { value: tensor('value'), gradient: tensor('gradient'), m: tensor('m'), v: tensor('v') }
  const norm = stateTensor(gpu, 'norm', [1])
  upload(gpu, state.value, start)
  return {
    async step(gradient: Float32Array, size: number, options: AdamwOptions) {
      upload(gpu, state.gradient, gradient)
      upload(gpu, norm, Float32Array.of(size))
      await execute(gpu, 'adamw', (pass) => adamw(pass, { ...state, norm }, options))
    },
    read: () => executeAndRead(gpu, 'read', () => ({ value: state.value, m: state.m, v: state.v })),
  }
}

describe('adamw', () => {
  for (const count of [1, 21, 64, 100, 1152])
    for (const kind of ['mixed', 'large', 'zeros'] as Hardness[])
      for (const clip of [0, 1])
        it(`agrees with f64 over five steps: ${count} elements, ${kind} gradients, clip ${clip}`, async () => {
          const start = hardNumbers(count, 'mixed', 1)
          const trained = await parameter(start)
          const state = { value: Float64Array.from(start), m: new Float64Array(count), v: new Float64Array(count) }
          for (let step = 1; step <= 5; step++) {
            const options = { ...defaults, clip, step, learningRate: 0.1 / step, weightDecay: 0.1 }
            const gradient = hardNumbers(count, kind, step)
            const norm = Math.hypot(...gradient)
            await trained.step(gradient, norm, options)
            reference(state, gradient, norm, options)
          }
          const found = await trained.read()
          for (const name of ['value', 'm', 'v'] as const) expectClose(name, found[name], state[name], 2e-6)
        })

  // Not read off PyTorch: its documented algorithm, written out apart from `reference` in f64 Python. Gradients [sin t, cos t / 10, t - 5].
  it.each([
    [0, [0.9624791599407584, -1.9933024031502538, 0.5450320113854759]],
    [1, [0.989291016946041, -1.9979246450619843, 0.5453647631175508]],
  ])('takes ten steps as PyTorch’s algorithm does, with clip %d', async (clip, want) => {
    const trained = await parameter(Float32Array.of(1, -2, 0.5))
    for (let step = 1; step <= 10; step++) {
      const gradient = Float32Array.of(Math.sin(step), Math.cos(step) / 10, step - 5)
      await trained.step(gradient, Math.hypot(...gradient), { ...defaults, clip, step })
    }
    expectClose('value', (await trained.read()).value, want, 5e-7)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('changes nothing where the norm is %d', async (norm) => {
    const start = hardNumbers(100, 'mixed', 1)
    const trained = await parameter(start)
    await trained.step(hardNumbers(100, 'mixed', 2), 1, { ...defaults, step: 1 })
    const before = await trained.read()
    await trained.step(hardNumbers(100, 'mixed', 3).fill(Number.NaN, 7), norm, { ...defaults, clip: 1, step: 2 })
    expect(await trained.read()).toEqual(before)
  })

  it('refuses moments of another size', async () => {
    const gpu = await testGpu()
    const tensor = (count: number) => stateTensor(gpu, 'tensor', [count])
    const [value, gradient, m, v, norm] = [tensor(8), tensor(8), tensor(8), tensor(4), tensor(1)]
    const run = execute(gpu, 'adamw', (pass) => adamw(pass, { value, gradient, m, v, norm }, { ...defaults, step: 1 }))
    await expect(run).rejects.toThrow('v must be f32 with the 8 elements of value [8], found f32 [4]')
  })
})
