import { describe, expect, it } from 'vitest'
import { activation } from '../ops/activation.ts'
import { add } from '../ops/add.ts'
import { sums } from '../testing/checkGradients.ts'
import { testGpu } from '../testing/testGpu.ts'
import { executeAndRead, stateTensor, upload } from './execute.ts'
import type { Pass } from './pass.ts'
import { Tape } from './tape.ts'
import type { Tensor } from './tensor.ts'

const gpu = await testGpu()

function tensor(...values: number[]): Tensor {
  const made = stateTensor(gpu, 'x', [values.length])
  upload(gpu, made, Float32Array.from(values))
  return made
}

/** Gradient of Σ y with respect to x. */
async function gradient(x: Tensor, body: (pass: Pass, x: Tensor) => Tensor): Promise<number[]> {
  const ones = tensor(...Array(x.shape[0]).fill(1))
  const { dx } = await executeAndRead(gpu, 'gradient', (pass) => {
    const tape = new Tape(new Map(), sums)
    pass.tape = tape
    tape.watch(x)
    const dx = tape.backward(pass, body(pass, x), ones).get(x)!
    pass.tape = undefined
    return { dx }
  })
  return [...dx]
}

const square = (pass: Pass, x: Tensor) => {
  const y = activation(pass, { x }, { kind: 'relu' })
  return add(pass, { x: y, y: add(pass, { x: y, y: x }) })
}

describe('tape', () => {
  it('adds up the gradients of a value that is used several times', async () => {
    expect(await gradient(tensor(2, -1, 3), (pass, x) => add(pass, { x: add(pass, { x, y: x }), y: x }))).toEqual([
      3, 3, 3,
    ])
    expect(await gradient(tensor(2, -1, 3), square)).toEqual([3, 1, 3])
  })

  it('gives the same through a part that is computed again', async () => {
    const body = (pass: Pass, x: Tensor) => pass.tape!.recomputed(pass, x, square)
    expect(await gradient(tensor(2, -1, 3), (pass, x) => body(pass, body(pass, x)))).toEqual([9, 1, 9])
  })

  it('does not visit what leads to nothing trainable', async () => {
    const frozen = tensor(1, 1)
    const x = tensor(1, 2)
    const tape = new Tape(new Map(), sums)
    await executeAndRead(gpu, 'frozen', (pass) => {
      pass.tape = tape
      tape.watch(x)
      const aside = add(pass, { x: frozen, y: frozen })
      expect(tape.follows(aside)).toBe(false)
      const y = add(pass, { x, y: aside })
      expect(tape.follows(y)).toBe(true)
      expect(() => new Tape(new Map(), sums).backward(pass, y, frozen)).toThrow(
        'Nothing that is trained leads to the loss',
      )
      pass.tape = undefined
      return { y }
    })
  })

  it('keeps what the backward pass needs and gives back the rest', async () => {
    const x = tensor(1, 2)
    await executeAndRead(gpu, 'scopes', (pass) => {
      const tape = new Tape(new Map(), sums)
      pass.tape = tape
      tape.watch(x)
      let inner: Tensor | undefined
      let unneeded: Tensor | undefined
      const y = pass.scope(() => {
        inner = add(pass, { x, y: x })
        unneeded = add(pass, { x: inner, y: inner })
        return activation(pass, { x: inner }, { kind: 'silu' })
      })
      expect(tape.holds(inner!.buffer)).toBe(true)
      expect(tape.holds(unneeded!.buffer)).toBe(false)
      tape.backward(pass, y, x)
      expect(tape.holds(inner!.buffer)).toBe(false)
      pass.tape = undefined
      return { y: x }
    })
  })
})
