import { describe, expect, it } from 'vitest'
import { fakeTerminal } from '../testing/fakeTerminal.ts'
import { golden, goldenJson } from '../testing/models.ts'
import { run } from './run.ts'

const name = 'llava-clip-llama'
type Case = { question: string; greedy_text: string }
const [{ question, greedy_text }] = goldenJson<{ cases: [Case] }>(`${name}/expected.json`).cases
const ask = ['explain', '--model', golden(name), '--weights', 'f32', '--image', golden(`${name}/image0.png`)]

async function beagle(...args: string[]) {
  const { terminal, written } = fakeTerminal()
  const code = await run([...ask, '--prompt', question, ...args], '1.2.3', terminal)
  return { code, ...written }
}

/** What lies between blanks, without punctuation around it where there is anything else. */
const wordsOf = (text: string) =>
  text.split(/\s+/).map((part) => part.replace(/^\p{P}+(?=.*[^\p{P}])|(?<=[^\p{P}].*)\p{P}+$/gu, ''))

describe('beagle explain', () => {
  it('prints the answer and a row per word', async () => {
    const { code, out, err } = await beagle('-n', '24')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const [text, blank, titles, ...rows] = out.trimEnd().split('\n')
    expect([text, blank]).toEqual([greedy_text.trimStart(), ''])
    expect(titles).toMatch(/^word +attention +went +most in cells$/)
    expect(rows.map((row) => row.split(' ')[0])).toEqual(wordsOf(text!))
    for (const row of rows) expect(row).toMatch(/ \d+ % .* to the .*\d:\d \d+ %, \d:\d \d+ %, \d:\d \d+ %$/)
  })

  it('prints one object with --json, of a layer and head that are asked for', async () => {
    const whole = JSON.parse((await beagle('-n', '24', '--json')).out)
    expect(whole).toMatchObject({ layers: 3, heads: 4, images: [{ grid: { rows: 4, columns: 4 } }] })
    const shareOf = async (...part: string[]) =>
      JSON.parse((await beagle('-n', '24', '--json', ...part)).out).words[0].share as number
    const parts: number[] = []
    for (const layer of '123') parts.push(await shareOf('--layer', layer))
    expect(whole.words[0].share).toBeCloseTo((parts[0]! + parts[1]! + parts[2]!) / 3, 5)
    expect(await shareOf('--layer', '2', '--head', '1')).not.toBeCloseTo(parts[1]!, 4)
    const [{ heat, share }] = whole.words[0].images
    expect(heat.reduce((sum: number, weight: number) => sum + weight)).toBeCloseTo(share, 5)
  })

  it('refuses a layer that the decoder does not have', async () => {
    const { code, err } = await beagle('-n', '4', '--layer', '4')
    expect(code).toBe(2)
    expect(err).toContain('--layer 4 is asked for, the decoder has 3. Give 1 to 3.')
  })
})
