import { signal } from '@preact/signals'
import { expect, test } from 'vitest'
import { type Answer, type Turn, wireMessages } from './conversation.ts'
import { bounded } from './kept.ts'
import type { Picture } from './pictures.ts'

const picture = (id: string, bytes = 1): Picture => ({
  id,
  name: id,
  blob: { size: bytes } as Blob,
  url: '',
  alt: id,
  questions: [],
})

function turn(text: string, answer: string, pictures: Picture[] = []): Turn {
  const settled: Answer = { status: answer ? 'done' : 'failed', text: answer }
  return { id: text, text, pictures, answer: signal(settled) }
}

test('a question goes with all answered turns before it, images first', () => {
  const all = [
    turn('one', 'first', [picture('a')]),
    turn('two', ''),
    turn('three', 'third', [picture('b'), picture('c')]),
  ]
  const { messages, images } = wireMessages(all, all[2]!)
  expect(messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'image', imageId: 'a' },
        { type: 'text', text: 'one' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'first' }] },
    {
      role: 'user',
      content: [
        { type: 'image', imageId: 'b' },
        { type: 'image', imageId: 'c' },
        { type: 'text', text: 'three' },
      ],
    },
  ])
  expect([...images.keys()]).toEqual(['a', 'b', 'c'])
})

test('asking an earlier question again leaves out what came after it', () => {
  const all = [turn('one', 'first', [picture('a')]), turn('two', 'second', [picture('b')])]
  const { messages, images } = wireMessages(all, all[0]!)
  expect(messages).toHaveLength(1)
  expect([...images.keys()]).toEqual(['a'])
})

test('pictures of a question that was stopped before any answer go with the next, those of a failed one do not', () => {
  const imagesWith = (status: Answer['status']) => {
    const all = [turn('one', '', [picture('a')]), turn('two', '', [picture('b')])]
    all[0]!.answer.value = { status, text: '' }
    const { messages, images } = wireMessages(all, all[1]!)
    expect(messages).toHaveLength(1)
    return [...images.keys()]
  }
  expect(imagesWith('stopped')).toEqual(['a', 'b'])
  expect(imagesWith('failed')).toEqual(['b'])
})

test('a question without words asks for a description', () => {
  const only = turn('', '', [picture('a')])
  expect(wireMessages([only], only).messages[0]?.content[1]).toEqual({ type: 'text', text: 'Describe the image.' })
})

test('the kept conversation is bounded in turns and in image bytes, and drops the oldest', () => {
  const many = Array.from({ length: 60 }, (_, index) => turn(String(index), 'yes'))
  expect(bounded(many).map(({ text }) => text)).toEqual(many.slice(10).map(({ text }) => text))
  const heavy = [turn('one', 'a', [picture('a', 40e6)]), turn('two', 'b', [picture('b', 40e6)]), turn('three', 'c')]
  expect(bounded(heavy).map(({ text }) => text)).toEqual(['two', 'three'])
})
