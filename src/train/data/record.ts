import type { DataRow, Exchange } from '../../teachApi.ts'

/** A record that can be used, or what is wrong with it and in which field. */
export type RecordResult = { row: Omit<DataRow, 'name'> } | Fault

export interface Fault {
  /** Keys and indices that lead to what is wrong, e.g. ['conversations', 2, 'from']. */
  path: (string | number)[]
  message: string
}

const marker = '<image>'
const speakers: Record<string, 'human' | 'gpt'> = { human: 'human', user: 'human', gpt: 'gpt', assistant: 'gpt' }

/** What a value is, in words that stand in a sentence. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return 'a text'
  return `${typeof value === 'number' ? 'the number ' : ''}${value}`
}

/**
 * Reads `{ image, question, answer, kind? }` or LLaVA's `{ image, conversations: [{ from, value }], kind? }`, where `<image>` stands
 * in the first human value.
 */
export function readRecord(value: unknown): RecordResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault([], `An example is an object with an image, but this is ${kindOf(value)}.`)
  const record = value as Record<string, unknown>
  const image = readImagePath(record.image)
  if (typeof image !== 'string') return image
  if (record.kind !== undefined && typeof record.kind !== 'string')
    return fault(['kind'], `"kind" must be a text, but is ${kindOf(record.kind)}.`)
  const turns = record.conversations === undefined ? readExchange(record) : readConversation(record.conversations)
  if ('message' in turns) return turns
  const kind = record.kind?.trim()
  return { row: kind ? { image, turns, kind } : { image, turns } }
}

const fault = (path: Fault['path'], message: string): Fault => ({ path, message })

/** Paths get forward slashes and lose a leading `./`; URLs stay as they are. */
function readImagePath(value: unknown): string | Fault {
  const wrong = (message: string) => fault(['image'], message)
  if (value !== undefined && value !== null && typeof value !== 'string')
    return wrong(`"image" must be one path or URL, but is ${kindOf(value)}.`)
  const path = value?.trim() ?? ''
  if (path === '')
    return wrong('There is no "image", but each example is about one. Name a file or URL, or leave it out.')
  if (/\p{Cc}/u.test(path))
    return wrong('The image’s path contains a control character. In JSON, write / or \\\\ between folders.')
  if (/^https?:\/\//i.test(path)) return path
  if (/^[a-z][a-z0-9+.-]+:/i.test(path))
    return wrong(
      `The image "${path.length > 60 ? `${path.slice(0, 60)}…` : path}" is neither a path nor an http(s) URL.`,
    )
  return path.replaceAll('\\', '/').replace(/^(\.\/+)+/, '')
}

function readExchange(record: Record<string, unknown>): Exchange[] | Fault {
  for (const field of ['question', 'answer'] as const) {
    if (typeof record[field] === 'string') continue
    const none = `There is no "${field}". An example has a "question" and an "answer", or "conversations".`
    return fault(
      [field],
      record[field] === undefined ? none : `"${field}" must be a text, but is ${kindOf(record[field])}.`,
    )
  }
  const question = String(record.question)
  const count = question.split(marker).length - 1
  if (count > 1) return fault(['question'], `"question" has ${marker} ${count} times, but there is one image.`)
  return (
    checkedAnswer(record.answer as string, ['answer']) ?? [
      { question: withoutMarker(question), answer: String(record.answer).trim() },
    ]
  )
}

function checkedAnswer(answer: string, path: Fault['path']): Fault | undefined {
  if (answer.trim() === '') return fault(path, 'The answer is empty. Write one or leave the example out.')
  if (answer.includes(marker)) return fault(path, `The answer contains ${marker}, which belongs into the question.`)
  return undefined
}

/** LLaVA puts the image before the text wherever the marker was. */
const withoutMarker = (text: string) => text.replace(marker, '').trim()

function readConversation(value: unknown): Exchange[] | Fault {
  const at = (...path: Fault['path']): Fault['path'] => ['conversations', ...path]
  if (!Array.isArray(value) || value.length === 0)
    return fault(
      at(),
      `"conversations" must be a list of { from, value }, but is ${Array.isArray(value) ? 'empty' : kindOf(value)}.`,
    )
  const texts: string[] = []
  for (const [i, said] of value.entries()) {
    if (typeof said?.from !== 'string' || typeof said.value !== 'string')
      return fault(at(i), 'What is said must be { "from": "human" or "gpt", "value": text }.')
    const speaker = speakers[said.from]
    const due = i % 2 === 0 ? 'human' : 'gpt'
    if (!speaker) return fault(at(i, 'from'), `The role "${said.from}" is unknown. The roles are "human" and "gpt".`)
    if (speaker !== due)
      return fault(
        at(i, 'from'),
        `Here "${due}" must speak, but it is "${said.from}". The two take turns, "human" first.`,
      )
    const markers = said.value.split(marker).length - 1
    if (i === 0 && markers !== 1)
      return fault(
        at(0, 'value'),
        `The first question has ${markers === 0 ? 'no' : markers} ${marker}, but must have one.`,
      )
    if (i > 0 && due === 'human' && markers > 0)
      return fault(
        at(i, 'value'),
        `${marker} stands in a later question, but there is one image and it belongs to the first.`,
      )
    const wrong = due === 'gpt' ? checkedAnswer(said.value, at(i, 'value')) : undefined
    if (wrong) return wrong
    texts.push(i === 0 ? withoutMarker(said.value) : said.value.trim())
  }
  if (texts.length % 2 === 1) return fault(at(texts.length - 1), 'The last question has no answer.')
  return Array.from({ length: texts.length / 2 }, (_, i) => ({ question: texts[2 * i]!, answer: texts[2 * i + 1]! }))
}
