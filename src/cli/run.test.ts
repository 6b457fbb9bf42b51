import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bytesSource } from '../checkpoint/byteSource.ts'
import { readFloat32, singleCheckpoint } from '../checkpoint/checkpoint.ts'
import { load, writeSafetensors } from '../index.ts'
import { expectClose } from '../testing/checkOp.ts'
import { fakeTerminal } from '../testing/fakeTerminal.ts'
import { changedProjector } from '../testing/goldenFiles.ts'
import { startHubServer } from '../testing/hubServer.ts'
import { answer, asks, golden, goldenBytes, goldenJson } from '../testing/models.ts'
import { run } from './run.ts'

const name = 'llava-clip-llama'
type Case = { question: string; input_ids: number[]; greedy_ids: number[]; greedy_text: string }
const { cases } = goldenJson<{ cases: Case[] }>(`${name}/expected.json`)
const [{ question, input_ids, greedy_ids, greedy_text }] = cases as [Case]
const image = golden(`${name}/image0.png`)
const ask = ['--model', golden(name), '--weights', 'f32', '--image', image, '--prompt', question]

const folder = mkdtempSync(join(tmpdir(), 'beagle-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The model's projector with its values changed, as a file, and the layer that has another width. */
const projector = join(folder, 'projector.safetensors')
const wide = join(folder, 'wide.safetensors')
writeFileSync(projector, writeSafetensors(await changedProjector(name)))
writeFileSync(wide, writeSafetensors({ 'linear_1.weight': { shape: [64, 50], data: new Float32Array(3200) } }))

async function beagle(args: string[], options?: Parameters<typeof fakeTerminal>[0]) {
  const { terminal, written } = fakeTerminal(options)
  const code = await run(args, '1.2.3', terminal)
  return { code, ...written }
}

describe('beagle chat', () => {
  it('prints the answer, and nothing else where nobody watches', async () => {
    const done = await beagle(['chat', ...ask, '--max-new-tokens', '24'])
    expect(done).toEqual({ code: 0, out: `${greedy_text}\n`, err: '' })
  })

  it('prints one object with --json', async () => {
    const { code, out, err } = await beagle(['chat', ...ask, '-n', '24', '--json'])
    const { timings, device, ...rest } = JSON.parse(out)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(rest).toEqual({ text: greedy_text, ids: greedy_ids, inputIds: input_ids, visualTokens: 16 })
    expect(Object.keys(timings)).toEqual(['load', 'encode', 'prefill', 'decode'])
    for (const ms of Object.values(timings)) expect(ms).toBeGreaterThan(0)
    expect(device.architecture).toBeTypeOf('string')
  })

  it('answers with the projector that it is given', async () => {
    const { code, out } = await beagle(['chat', ...ask, '-n', '24', '--projector', projector])
    expect(code).toBe(0)
    expect(out).not.toBe(`${greedy_text}\n`)
    const base = await load(golden(name), { weights: 'f32' })
    await base.addProjector('other', readFileSync(projector))
    base.useProjector('other')
    const { text } = await answer(base, [asks(question, `${name}/image0.png`)], { maxNewTokens: 24 })
    base.dispose()
    expect(out).toBe(`${text}\n`)
  })

  it('answers with a projector that lies beside the model, by its name, which inspect lists', async () => {
    const home = join(folder, 'with-projectors')
    cpSync(golden(name), home, { recursive: true })
    mkdirSync(join(home, 'projectors'))
    cpSync(projector, join(home, 'projectors/changed.safetensors'))
    const entry = { name: 'changed', label: 'Changed', type: 'mlp2x_gelu', visualTokens: 16, description: 'for tests' }
    const shipped = { ...entry, file: 'changed.safetensors', bytes: statSync(projector).size }
    writeFileSync(join(home, 'projectors/index.json'), JSON.stringify({ projectors: [shipped] }))

    const args = ['chat', ...ask.with(1, home), '-n', '24']
    const byFile = await beagle([...args, '--projector', projector])
    expect(await beagle([...args, '--projector', 'changed'])).toEqual(byFile)
    const { code, err } = await beagle([...args, '--projector', 'absent'])
    expect(code).toBe(2)
    expect(err).toMatch(/no projector file "absent"\. No projector "absent" lies beside this model; there is "changed"/)
    const { out } = await beagle(['inspect', '--model', home])
    expect(out).toMatch(/^changed +mlp2x_gelu +16 +\d\.\d MB +for tests$/m)
  })

  it('goes on with the lines that are typed, and shows progress and figures where somebody watches', async () => {
    const more = ['chat', ...ask, '-n', '3', '--system', 'Be brief.', '--interactive']
    const { code, out, err } = await beagle(more, { watched: true, typed: ['', 'And now?'] })
    expect(code).toBe(0)
    expect(out.split('\n').length).toBe(3)
    expect(err).toMatch(/Loading weights: .* MB of 1\.0 MB/)
    expect(err.match(/\(3 tokens, image \d+ ms, first token \d+ ms/g)?.length).toBe(2)
  })

  it('stops at Ctrl-C with what it has said', async () => {
    const { terminal, written, interrupt } = fakeTerminal()
    const { out } = terminal
    terminal.out = (text) => {
      out(text)
      interrupt()
    }
    expect(await run(['chat', ...ask, '-n', '200'], '1.2.3', terminal)).toBe(130)
    expect(written.out.length).toBeLessThan(40)
    expect(written.err).toBe('')
  })

  it('stops while it loads', async () => {
    const { terminal, written, interrupt } = fakeTerminal({ watched: true })
    const { err } = terminal
    terminal.err = (text) => {
      err(text)
      if (text.includes('Loading weights')) interrupt()
    }
    expect(await run(['chat', ...ask], '1.2.3', terminal)).toBe(130)
    expect(written.out).toBe('')
    expect(written.err).not.toContain('beagle:')
  })
})

describe('beagle trace', () => {
  it('writes every stage as PyTorch computes it', async () => {
    const path = join(folder, 'trace.safetensors')
    const { code, out } = await beagle([
      'trace',
      ...ask.filter((arg) => !['--weights', 'f32'].includes(arg)),
      '-o',
      path,
    ])
    expect(code).toBe(0)
    expect(out).toContain('visual_tokens  [1, 16, 64]')
    const { tensors } = await singleCheckpoint(bytesSource('trace', readFileSync(path)))
    const expected = await singleCheckpoint(bytesSource('expected', goldenBytes(`${name}/expected.safetensors`)))
    expect([...tensors.keys()].sort()).toEqual(['features', 'input_ids', 'logits', 'pixel_values', 'visual_tokens'])
    for (const stage of ['pixel_values', 'features', 'visual_tokens', 'logits']) {
      const want = await readFloat32(expected.tensors.get(`case0.${stage}`)!)
      expectClose(stage, await readFloat32(tensors.get(stage)!), want, 1e-4)
    }
  })

  it('says where it could not write', async () => {
    const { code, err } = await beagle(['trace', ...ask, '--out', join(folder, 'no/such/folder')])
    expect(code).toBe(2)
    expect(err).toMatch(/^beagle: ".*folder" cannot be written: .*\n$/)
  })
})

describe('beagle inspect', () => {
  it('tells parts, tensors, parameters and memory', async () => {
    const { code, out } = await beagle(['inspect', '--model', golden(name)])
    expect(code).toBe(0)
    expect(out).toContain('259,936 parameters, vocabulary of 384, 16 visual tokens per image')
    expect(out).toMatch(/^projector +7,296$/m)
    expect(out).toMatch(/^language_model\.norm\.weight +decoder +F32 +\[64\] +256$/m)
    expect(out).toMatch(/^q4 +\d+\.\d MB +\d+\.\d MB$/m)
  })

  it('asks a hub, by its revision and with its token', async () => {
    const files = ['config.json', 'model.safetensors', 'tokenizer.json'].map((file) => [
      file,
      goldenBytes(`${name}/${file}`),
    ])
    const options = { id: 'me/tiny', revision: 'v2', token: 'secret', files: Object.fromEntries(files) }
    const hub = await startHubServer(options)
    const args = ['inspect', '--model', 'me/tiny', '--host', hub.url, '--revision', 'v2']
    const { code, out } = await beagle([...args, '--token', 'secret'])
    const lost = await beagle(['inspect', '--model', 'me/huge', '--host', hub.url])
    const refused = await beagle([...args, '--token', 'wrong'])
    await hub.close()
    expect(code).toBe(0)
    expect(out).toMatch(/^tiny \(http:.*\)\nLlavaForConditionalGeneration/)
    expect(lost.err).toMatch(/^beagle: .* There is no folder "me\/huge" here, so it was looked for on http:.*\n$/)
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^beagle: .*token.*\n$/) })
  })

  it('gives the same as JSON', async () => {
    const { out } = await beagle(['inspect', '--model', golden(name), '--json'])
    expect(JSON.parse(out)).toMatchObject({
      info: { parameters: 259936 },
      forecast: { q4: {}, q8: {}, f16: {}, f32: {} },
    })
  })
})

describe('beagle evaluate', () => {
  it('counts exact answers per kind, but for case and the final period', async () => {
    const data = join(folder, 'data.jsonl')
    const items = [
      { image, question, answer: greedy_text.trim(), kind: 'b' },
      { image, question, answer: `${greedy_text.trim().toUpperCase()}.`, kind: 'b' },
      { image, question, answer: 'no', kind: 'a' },
      { image: 'other.png', question, answer: '', kind: 'c' },
    ]
    writeFileSync(data, `${items.map((item) => JSON.stringify(item)).join('\n')}\n`)
    const args = ['evaluate', '--model', golden(name), '--weights', 'f32', '--data', data, '-n', '24', '--only', '/']
    const { code, out } = await beagle(args)
    expect(code).toBe(0)
    expect(out.split('\n').slice(1, 4)).toEqual([
      'a         0   1    0.0 %',
      'b         2   2  100.0 %',
      'all       2   3   66.7 %',
    ])
    expect((await beagle([...args, '--projector', projector])).out).toMatch(/^all +0 +3 +0\.0 %$/m)
    const { total, kinds, wrong } = JSON.parse((await beagle([...args, '--limit', '1', '--json'])).out)
    expect({ total, kinds, wrong }).toEqual({
      total: { right: 1, of: 1 },
      kinds: { b: { right: 1, of: 1 } },
      wrong: [],
    })
  })
})

describe('a command that cannot be followed', () => {
  const text = join(folder, 'text.png')
  writeFileSync(text, 'no image')
  const lines = join(folder, 'lines.jsonl')
  writeFileSync(lines, '{"image":"a.png","question":"?","answer":"","kind":"k"}\n{"image":1}\n')
  const x = ['chat', '--prompt', 'x']
  it.each([
    [['chat', '--promt', 'x'], /unknown option '--promt' \(Did you mean --prompt\?\)/],
    [['chat'], /There is no question\. Give --prompt TEXT, or --interactive/],
    [['chat', '--prompt'], /argument missing/],
    [['chat', 'extra'], /too many arguments/],
    [['talk'], /unknown command 'talk'/],
    [[...x, '--temperature', 'warm'], /'warm' is invalid\. Give a number of 0 or more/],
    [[...x, '--max-new-tokens', '1.5'], /'1\.5' is invalid\. Give a whole number of 1 or more/],
    [[...x, '--top-p', '0'], /above 0 and at most 1/],
    [[...x, '--weights', 'q5'], /Allowed choices are q4, q8, f16, f32/],
    [[...x, '--image', join(folder, 'none.png')], /There is no image file ".*none\.png"/],
    [[...x, '--image', folder], /is a folder, but one image file is needed/],
    [[...x, '--image', text], /text\.png: The image could not be read/],
    [[...x, '--model', 'nowhere'], /"nowhere" is no model/],
    [[...x, '--model', folder], /has no config\.json/],
    [[...x, '--revision', 'main'], /--revision is for hub models/],
    [[...x, '--projector', join(folder, 'none.safetensors')], /There is no projector file ".*none\.safetensors"/],
    [[...x, '--projector', text], /text\.png: This is no usable projector: .*no safetensors file/],
    [
      ['chat', ...ask, '--projector', wide],
      /wide\.safetensors: .*linear_1\.weight is \[64,50\], this model needs \[64,48\]/,
    ],
    [['trace', '--prompt', 'x'], /required option '-o, --out <file>' not specified/],
    [['evaluate', '--data', join(folder, 'none.jsonl')], /There is no data file/],
    [['evaluate', '--data', lines], /lines\.jsonl:2 has no text "image"/],
    [['evaluate', '--data', lines, '--only', 'z'], /lines\.jsonl:2/],
  ])('%j says so in one line and exits with 2', async (args, message) => {
    const { code, out, err } = await beagle(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^beagle: .*\n$/)
    expect(err).toMatch(message)
  })

  it('does so as a process, without a stack trace', () => {
    const main = join(import.meta.dirname, 'main.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, 'chat', '--promt', 'x'])
    expect({ status, stdout: String(stdout) }).toEqual({ status: 2, stdout: '' })
    expect(String(stderr)).toMatch(/^beagle: unknown option .*\n$/)
  })

  it('is helped', async () => {
    for (const args of [[], ['--help'], ['help'], ['chat', '--help'], ['help', 'evaluate']]) {
      const { code, out, err } = await beagle(args)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toMatch(/^Usage: beagle/)
    }
    expect((await beagle(['--version'])).out).toBe('1.2.3\n')
  })
})
