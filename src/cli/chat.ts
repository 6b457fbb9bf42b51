import type { Command } from 'commander'
import { BeagleError, type ChatResult, type Message, type Model } from '../index.ts'
import { withProjector } from './loadModel.ts'
import {
  addLoadOptions,
  addProjectorOption,
  addQuestionOptions,
  addSamplingOptions,
  chatOptions,
  type LoadFlags,
  type ProjectorFlags,
  type QuestionFlags,
  type SamplingFlags,
} from './options.ts'
import { question } from './question.ts'
import type { Terminal } from './terminal.ts'

interface ChatFlags extends LoadFlags, ProjectorFlags, QuestionFlags, SamplingFlags {
  prompt?: string
  interactive?: true
  json?: true
}

const examples = `
Examples:
  beagle chat --image photo.png --prompt "What is in the middle?"
  beagle chat --image a.png b.png --prompt "What is different?" --temperature 0.7 --seed 1
  beagle chat --image photo.png --interactive
  beagle chat --projector birds.safetensors --image wren.png --prompt "What is this?"
  beagle chat --model llava-hf/llava-interleave-qwen-0.5b-hf --weights q8 --image photo.png --prompt "Describe it." --json

With --json one object is printed instead of the text: text, ids, inputIds (the image token repeated once per
visual token), visualTokens, timings (load, encode, prefill, decode per token, in ms) and device.`

/** `beagle chat`: asks about images and streams the answer. */
export function addChat(program: Command, terminal: Terminal): void {
  const command = program.command('chat').description('ask about images; the answer streams to standard output')
  addLoadOptions(command, 'q4')
  addProjectorOption(command)
  addQuestionOptions(command).option('-p, --prompt <text>', 'the question')
  addSamplingOptions(command)
    .option('--interactive', 'further questions from standard input, one a line, in the same conversation')
    .option('--json', 'print one JSON object per answer')
    .addHelpText('after', examples)
    .action((flags: ChatFlags) => chat(flags, terminal))
}

async function chat(flags: ChatFlags, terminal: Terminal): Promise<void> {
  if (flags.prompt === undefined && !flags.interactive) {
    throw new BeagleError('bad-argument', 'There is no question. Give --prompt TEXT, or --interactive to type several.')
  }
  const opening = await question(flags, flags.prompt ?? '')
  await withProjector(flags, terminal, async (model) => {
    let messages = opening
    const ask = async () => {
      const result = await answer(model, messages, flags, terminal)
      messages = [...messages, { role: 'assistant', content: result.text }]
    }
    if (flags.prompt !== undefined) await ask()
    if (!flags.interactive || terminal.signal.aborted) return
    if (terminal.watched) terminal.err('> ')
    for await (const line of terminal.lines()) {
      if (line.trim() === '') continue
      messages =
        messages === opening && flags.prompt === undefined
          ? fill(opening, line)
          : [...messages, { role: 'user', content: line }]
      await ask()
      if (terminal.signal.aborted) return
      if (terminal.watched) terminal.err('> ')
    }
  })
}

/** The opening with its text, which was not known when the images were read. */
function fill(opening: Message[], text: string): Message[] {
  return opening.map(({ role, content }) =>
    typeof content === 'string'
      ? { role, content }
      : { role, content: content.map((part) => (part.type === 'text' ? { ...part, text } : part)) },
  )
}

async function answer(model: Model, messages: Message[], flags: ChatFlags, terminal: Terminal): Promise<ChatResult> {
  for await (const { text, result } of model.chat(messages, { ...chatOptions(flags), signal: terminal.signal })) {
    if (!flags.json) terminal.out(text)
    if (!result) continue
    if (flags.json) terminal.out(`${JSON.stringify(report(result, model))}\n`)
    else terminal.out('\n')
    if (terminal.watched && !flags.json) terminal.err(`${figures(result)}\n`)
    return result
  }
  throw new BeagleError('aborted', 'The answer ended without a result.')
}

function report({ text, ids, inputIds, visualTokens, timings }: ChatResult, { device }: Model) {
  const { load, encode, prefill, decodePerToken } = timings
  return { text, ids, inputIds, visualTokens, timings: { load, encode, prefill, decode: decodePerToken }, device }
}

function figures({ ids, timings, finishReason }: ChatResult): string {
  const { encode, firstToken, tokensPerSecond } = timings
  const rate = ids.length > 1 ? `, ${tokensPerSecond.toFixed(1)} tokens/s` : ''
  const cut = { stop: '', length: ', cut at the limit of tokens', aborted: ', stopped' }[finishReason]
  return `(${ids.length} tokens, image ${encode.toFixed(0)} ms, first token ${firstToken.toFixed(0)} ms${rate}${cut})`
}
