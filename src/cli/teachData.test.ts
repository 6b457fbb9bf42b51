import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readExamples } from './teachData.ts'

const folder = mkdtempSync(join(tmpdir(), 'beagle-data-'))
afterAll(() => rmSync(folder, { recursive: true }))
const never = new AbortController().signal

function put(path: string, content: string): string {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), content)
  return join(folder, path)
}

describe('readExamples', () => {
  it('opens images beside the file, once each, and reports those that are not there', async () => {
    put('pictures/a.png', 'pixels')
    const row = (image: string) => JSON.stringify({ image, question: 'What?', answer: 'A bee.', kind: 'naming' })
    const rows = ['pictures/a.png', 'none.png', './pictures\\a.png', 'pictures'].map(row)
    const data = put('lesson.jsonl', [...rows, '{}'].join('\n'))
    const { examples, problems } = await readExamples({ data }, never)
    expect(examples.map(({ name, kind, turns }) => ({ name, kind, turns }))).toEqual(
      ['lesson.jsonl:1', 'lesson.jsonl:3'].map((name) => ({
        ...{ name, kind: 'naming' },
        turns: [{ question: 'What?', answer: 'A bee.' }],
      })),
    )
    expect(examples[0]!.image).toBe(examples[1]!.image)
    expect(await (examples[0]!.image as Blob).text()).toBe('pixels')
    expect(problems).toEqual([
      { where: 'lesson.jsonl:2', message: expect.stringMatching(/There is no image file "none.png"/) },
      { where: 'lesson.jsonl:4', message: expect.stringMatching(/"pictures" is no file/) },
      { where: 'lesson.jsonl:5', message: expect.stringMatching(/There is no "image"/) },
    ])
  })

  it('names what a folder of folders shows', async () => {
    for (const path of ['birds/red_panda/1.png', 'birds/red_panda/.DS_Store', 'birds/robin/a/b.jpg', 'birds/top.png'])
      put(path, path)
    const { examples, problems } = await readExamples({ data: join(folder, 'birds'), question: 'A {name}?' }, never)
    expect(examples.map(({ name, turns }) => [name, turns[0]])).toEqual([
      ['red_panda/1.png', { question: 'A red panda?', answer: 'red panda' }],
      ['robin/a/b.jpg', { question: 'A a?', answer: 'a' }],
    ])
    expect(await (examples[0]!.image as Blob).text()).toBe('birds/red_panda/1.png')
    expect(problems).toEqual([{ where: 'top.png', message: expect.stringMatching(/in no folder/) }])
  })

  it('fetches images from the web', async () => {
    const server = createServer(({ url }, response) => {
      if (url !== '/a.png') response.statusCode = 404
      response.end('pixels')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const urls = [`${host}/a.png`, `${host}/b.png`, 'http://127.0.0.1:1/c.png']
    const data = put('web.csv', ['image,question,answer', ...urls.map((url) => `${url},What?,A bee.`)].join('\n'))
    const { examples, problems } = await readExamples({ data }, never)
    server.close()
    expect(await Promise.all(examples.map(({ image }) => (image as Blob).text()))).toEqual(['pixels'])
    expect(problems).toEqual([
      { where: 'web.csv:3', message: expect.stringMatching(/b\.png cannot be fetched: the server answers 404/) },
      { where: 'web.csv:4', message: expect.stringMatching(/c\.png cannot be fetched: /) },
    ])
  })

  it('stops when it is told to', async () => {
    const data = put('one.jsonl', JSON.stringify({ image: 'x.png', question: '', answer: 'x' }))
    await expect(readExamples({ data }, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  })

  it.each([
    [{ data: 'none.jsonl' }, 'not-found', /There is no data file/],
    [{ data: 'notes.txt' }, 'bad-file', /"notes.txt" is no data file that can be read\. Known are/],
    [{ data: 'notes.txt', answer: 'x' }, 'bad-argument', /--question and --answer are for a folder of folders/],
  ])('refuses %j', async ({ data, ...templates }, code, message) => {
    put('notes.txt', 'x')
    const reading = readExamples({ data: join(folder, data), ...templates }, never)
    await expect(reading).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})
