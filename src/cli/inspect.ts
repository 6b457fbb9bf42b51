import type { Command } from 'commander'
import { type Inspection, inspect } from '../index.ts'
import { addModelOptions, type ModelFlags } from './options.ts'
import { fromSource } from './source.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface InspectFlags extends ModelFlags {
  json?: true
}

const examples = `
Only configs and headers are read, no weights.

Examples:
  beagle inspect
  beagle inspect --model llava-hf/llava-1.5-7b-hf
  beagle inspect --model ./llava --json`

/** `beagle inspect`: what a model is made of and what it needs. */
export function addInspect(program: Command, terminal: Terminal): void {
  addModelOptions(program.command('inspect'))
    .description('parts, tensors, parameters, and the memory needed per weight type')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples)
    .action(async (flags: InspectFlags) => {
      const inspection = await fromSource(flags, (source) => inspect(source, { signal: terminal.signal }))
      terminal.out(flags.json ? `${JSON.stringify(inspection, null, 2)}\n` : describe(inspection))
    })
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
const grouped = (count: number) => count.toLocaleString('en')

function describe({ info, tensors, parts, projectors, forecast }: Inspection): string {
  const eyes = info.encoder === 'none' ? '' : `${info.encoder} → ${info.projector} → `
  const images = info.visualTokensPerImage ? `, ${info.visualTokensPerImage} visual tokens per image` : ''
  const [anyForecast] = Object.values(forecast)
  return [
    `${info.name} (${info.origin})`,
    `${info.architecture}: ${eyes}${info.decoder}`,
    `${grouped(info.parameters)} parameters, vocabulary of ${grouped(info.vocabulary)}${images}`,
    '',
    table(
      ['part', 'parameters'],
      parts.map(({ part, parameters }) => [part, grouped(parameters)]),
    ),
    '',
    ...offered(projectors),
    table(
      ['tensor', 'part', 'type', 'shape', 'bytes'],
      tensors.map(({ name, part, dtype, shape, bytes }) => [
        name,
        part,
        dtype,
        `[${shape.join(', ')}]`,
        grouped(bytes),
      ]),
    ),
    '',
    table(
      ['weights', 'on the GPU', 'with the KV cache'],
      Object.entries(forecast).map(([weights, { weightBytes, stateBytes }]) => [
        weights,
        megabytes(weightBytes),
        megabytes(weightBytes + stateBytes),
      ]),
    ),
    `(KV cache of the default context: ${megabytes(anyForecast!.stateBytes)})`,
    '',
  ].join('\n')
}

function offered(projectors: Inspection['projectors']): string[] {
  if (projectors.length === 0) return []
  const rows = projectors.map(({ name, type, visualTokens, bytes, description }) => [
    ...[name, type, `${visualTokens}`, megabytes(bytes)],
    description,
  ])
  return [table(['projector', 'type', 'visual tokens', 'file', ''], rows), '']
}
