import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { BeagleError, writeSafetensors } from '../index.ts'
import { withProjector } from './loadModel.ts'
import {
  addLoadOptions,
  addProjectorOption,
  addQuestionOptions,
  type LoadFlags,
  type ProjectorFlags,
  type QuestionFlags,
} from './options.ts'
import { question } from './question.ts'
import type { Terminal } from './terminal.ts'

interface TraceFlags extends LoadFlags, ProjectorFlags, QuestionFlags {
  prompt: string
  out: string
}

const examples = `
The file holds, in the order of the computation:
  input_ids      [1, T]         the prompt, the image token repeated once per visual token
  pixel_values   [N, 3, H, W]   the N images as the encoder gets them
  features       [N, P, Dv]     of the selected layer, as the projector gets them
  visual_tokens  [N, M, D]      as the decoder gets them
  logits         [1, T, V]      of every position

Example:
  beagle trace --model ./llava --image photo.png --prompt "What is this?" --out trace.safetensors`

/** `beagle trace`: writes every stage of one prompt's run, for whoever ports or checks a model. */
export function addTrace(program: Command, terminal: Terminal): void {
  const command = program.command('trace').description('write what every stage computes for one prompt')
  addLoadOptions(command, 'f32')
  addProjectorOption(command)
  addQuestionOptions(command)
    .requiredOption('-p, --prompt <text>', 'the question')
    .requiredOption('-o, --out <file>', 'the safetensors file to write')
    .addHelpText('after', examples)
    .action((flags: TraceFlags) => trace(flags, terminal))
}

async function trace(flags: TraceFlags, terminal: Terminal): Promise<void> {
  const messages = await question(flags, flags.prompt)
  const { tensors } = await withProjector(flags, terminal, (model) => model.trace(messages))
  await writeFile(flags.out, writeSafetensors(tensors)).catch((cause: Error) => {
    throw new BeagleError('bad-file', `"${flags.out}" cannot be written: ${cause.message}. Choose another --out.`, {
      cause,
    })
  })
  for (const [name, { shape }] of Object.entries(tensors)) terminal.out(`${name.padEnd(14)} [${shape.join(', ')}]\n`)
}
