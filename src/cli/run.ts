import { Command } from 'commander'
import { addChat } from './chat.ts'
import { addEvaluate } from './evaluate.ts'
import { addExplain } from './explain.ts'
import { describeFailure } from './failure.ts'
import { addInspect } from './inspect.ts'
import { addTeach } from './teach.ts'
import type { Terminal } from './terminal.ts'
import { addTrace } from './trace.ts'

const about = `
Chat with images on this computer's GPU. Nothing is sent anywhere; without --model the embedded model answers.

  beagle chat --image photo.png --prompt "What is in the middle?"

Exit codes: 0, 2 for a command or file to be mended, 1 for a failure of the GPU, 130 after Ctrl-C.`

/** Runs one command line, without the program's name, and gives its exit code; nothing is thrown. */
export async function run(args: string[], version: string, terminal: Terminal): Promise<number> {
  const program = new Command('beagle')
    .version(version)
    .description('large multimodal models on WebGPU')
    .addHelpText('after', about)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.out, outputError: () => {} })
  for (const add of [addChat, addExplain, addTrace, addInspect, addEvaluate, addTeach]) add(program, terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return terminal.signal.aborted ? 130 : 0
  } catch (error) {
    const { message, exitCode } = describeFailure(error, terminal.signal.aborted)
    if (message) terminal.err(`beagle: ${message}\n`)
    return exitCode
  }
}
