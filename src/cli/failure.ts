import { CommanderError } from 'commander'
import { BeagleError, type ErrorCode } from '../index.ts'

/** Failures of the machine or of Beagle; everything else can be mended by whoever gave the command. */
const notTheUsers: ReadonlySet<ErrorCode> = new Set([
  'no-webgpu',
  'no-adapter',
  'device-lost',
  'out-of-memory',
  'gpu-validation',
  'wrong-result',
])

export interface Failure {
  /** Nothing to be said where it is empty: help was asked for, or the user has stopped the command. */
  message: string
  exitCode: number
}

/** What to print and with which code to exit: 2 for what the user can mend, 130 after Ctrl-C, else 1. */
export function describeFailure(error: unknown, interrupted: boolean): Failure {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0 || error.code === 'commander.help') return { message: '', exitCode: 0 }
    const text = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
    return { message: `${sentence(text)} See beagle --help.`, exitCode: 2 }
  }
  if (interrupted) return { message: '', exitCode: 130 }
  if (error instanceof BeagleError) return { message: error.message, exitCode: notTheUsers.has(error.code) ? 1 : 2 }
  const text = error instanceof Error ? error.message : String(error)
  return { message: `Unexpected: ${text.split('\n')[0]}`, exitCode: 1 }
}

const sentence = (text: string) => (/[.?!)]$/.test(text) ? text : `${text}.`)
