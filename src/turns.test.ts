import { expect, it } from 'vitest'
import { Turns } from './turns.ts'

it('lets answers go before steps, each in the order of its coming, one at a time', async () => {
  const turns = new Turns()
  const log: string[] = []
  const work = (name: string) => async () => {
    log.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 1))
    log.push(`${name} ends`)
  }
  await Promise.all([
    turns.do('patient', work('step 1')),
    turns.do('patient', work('step 2')),
    turns.do('patient', work('step 3')),
    turns.do('urgent', work('answer 1')),
    turns.do('urgent', work('answer 2')),
  ])
  const order = ['step 1', 'answer 1', 'answer 2', 'step 2', 'step 3']
  expect(log).toEqual(order.flatMap((name) => [`${name} begins`, `${name} ends`]))
})

it('goes on after work that failed', async () => {
  const turns = new Turns()
  const failed = turns.do('patient', () => Promise.reject(new Error('no')))
  const next = turns.do('patient', async () => 'yes')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
})
