import { expect, it } from 'vitest'
import { Guard } from './guard.ts'

const all = (guard: Guard, losses: number[]) => losses.map((loss) => guard.see(loss, 1)).find(Boolean)

it('lets a falling, a flat and a noisy loss pass', () => {
  expect(all(new Guard(), [5, 4, 3, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.01])).toBeUndefined()
  expect(all(new Guard(), Array(40).fill(0.1))).toBeUndefined()
  expect(all(new Guard(), [0.3, 0.2, 0.9, 0.1, 0.4, 1.2, 0.3, 0.8, 0.2, 0.6, 1.1])).toBeUndefined()
})

it('stops at a number that is none', () => {
  expect(new Guard([1, 1]).see(Number.NaN, 1)).toContain('The loss of step 3 is NaN')
  expect(new Guard().see(1, Number.POSITIVE_INFINITY)).toContain('smaller learning rate')
})

it('stops at a loss that explodes, also when it goes on from a saved run', () => {
  expect(all(new Guard(), [1, 1, 1, 1, 1, 3, 4, 6, 7, 8])).toContain('risen from 1.00 to 4.20')
  expect(all(new Guard([1, 1, 1, 1, 1]), [9, 9, 9, 9, 9])).toContain('risen')
  expect(all(new Guard(), [6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 2, 4, 5, 5, 6])).toContain('risen')
})
