import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeSafetensors } from '../index.ts'
import { fakeTerminal } from '../testing/fakeTerminal.ts'
import { goldenTensors } from '../testing/goldenFiles.ts'
import { golden, goldenBytes, goldenJson } from '../testing/models.ts'
import { tensorsOf } from '../testing/teaching.ts'
import { run } from './run.ts'

const name = 'llava-clip-llama'
const { cases, training } = goldenJson<{
  cases: { image: string; question: string; answer: string }[]
  training: { losses: number[] }
}>(`${name}/expected.json`)

const folder = mkdtempSync(join(tmpdir(), 'beagle-teach-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a file into the folder and gives its path. */
function put(file: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, file), content)
  return join(folder, file)
}
for (const { image } of cases) put(image, goldenBytes(`${name}/${image}`))
const lines = cases.map(({ image, question, answer }) => JSON.stringify({ image, question, answer, kind: image }))
const lesson = put('lesson.jsonl', lines.join('\n'))
const model = ['--model', golden(name), '--weights', 'f32']
const theirs =
  '--steps 10 --batch-size 2 --learning-rate 1e-2 --weight-decay 0.01 --schedule constant --warmup 0'.split(' ')
const as = [...model, ...theirs, '--clip', '0', '--eval-fraction', '0']

async function teach(args: string[], out: string, watched = false, interruptAt = '\n\n') {
  const { terminal, written, interrupt } = fakeTerminal({ watched })
  const { out: print } = terminal
  terminal.out = (text) => {
    print(text)
    if (text.includes(interruptAt)) interrupt()
  }
  const code = await run(['teach', ...args, '--out', join(folder, out)], '1.2.3', terminal)
  return { code, ...written }
}

const tensors = (file: string) => tensorsOf(new Uint8Array(readFileSync(join(folder, file))))
const floats = (shape: readonly number[], value: number) =>
  new Float32Array(shape.reduce((size, length) => size * length, 1)).fill(value)
const parsed = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const lossesOf = (out: string) =>
  parsed(out)
    .slice(0, -1)
    .map(({ loss }) => loss)

describe('beagle teach', () => {
  it('reproduces PyTorch’s run, one line per step and one with the totals', async () => {
    const { code, out, err } = await teach([...as, '--data', lesson, '--json'], 'golden.safetensors')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const steps = parsed(out)
    const totals = steps.pop()
    for (const [i, step] of steps.entries()) {
      expect(Object.keys(step)).toEqual(['step', 'loss', 'gradNorm', 'learningRate', 'ms'])
      expect(step).toMatchObject({ step: i + 1, learningRate: 0.01 })
      expect(Math.abs(step.loss / training.losses[i]! - 1)).toBeLessThan(1e-4)
    }
    expect(steps.length).toBe(10)
    expect(totals).toMatchObject({
      reason: 'finished',
      steps: 10,
      of: 10,
      trainExamples: 2,
      evalExamples: 0,
      problems: 0,
    })
    expect(totals.loss).toBe(steps.at(-1).loss)
    const trained = await tensors('golden.safetensors')
    expect(Object.keys(trained)).toContain('multi_modal_projector.linear_1.weight')
    expect(existsSync(join(folder, 'golden.safetensors.state'))).toBe(false)
  })

  it('stops at Ctrl-C with the projector written, and goes on as if it had not', async () => {
    const args = [...as, '--data', lesson, '--json']
    const whole = lossesOf((await teach(args, 'whole.safetensors')).out)
    const stopped = await teach(args, 'parts.safetensors', false, '"step":4')
    expect(stopped.code).toBe(130)
    expect(stopped.err).toMatch(
      /^Stopped after step 4 of 10\. The projector of step 4 is in ".*"\. Go on with --resume\.\n$/,
    )
    expect(lossesOf(stopped.out)).toEqual(whole.slice(0, 4))
    expect(parsed(stopped.out).at(-1)).toMatchObject({ reason: 'stopped', steps: 4, of: 10 })
    expect(existsSync(join(folder, 'parts.safetensors'))).toBe(true)

    const other = await teach([...args, '--seed', '1', '--resume'], 'parts.safetensors')
    expect(other).toMatchObject({ code: 2, err: expect.stringMatching(/saved state is of another training/) })
    const rest = await teach([...args, '--resume'], 'parts.safetensors')
    expect(rest).toMatchObject({ code: 0, err: '' })
    expect(lossesOf(rest.out)).toEqual(whole.slice(4))
    expect(existsSync(join(folder, 'parts.safetensors.state'))).toBe(false)
  })

  it('trains a fresh abstractor of the sizes that are given, and keeps features for the next run', async () => {
    const features = join(folder, 'features')
    const fresh = '--projector resampler --visual-tokens 5 --depth 1 --hidden 32 --heads 2 --ffn 48 --steps 2'.split(
      ' ',
    )
    const args = [...model, ...fresh, '--data', lesson, '--eval-fraction', '0', '--features', features, '--json']
    const first = await teach(args, 'fresh.safetensors')
    expect(first).toMatchObject({ code: 0, err: '' })
    expect((await tensors('fresh.safetensors'))['abstractor.query_tokens']!.length).toBe(5 * 32)
    const kept = readdirSync(features).sort()
    expect(kept.length).toBe(cases.length)
    const again = await teach([...args, '--seed', '0'], 'again.safetensors')
    expect(lossesOf(again.out)).toEqual(lossesOf(first.out))
    expect(readdirSync(features).sort()).toEqual(kept)
  })

  it('tells in words what it does, asks what was held out, and uses what is right in the data', async () => {
    const data = put(
      'mixed.jsonl',
      [...lines, '{"image": 1}', JSON.stringify({ image: 'mixed.jsonl', question: '', answer: 'x' })].join('\n'),
    )
    const args = [
      ...model,
      '--data',
      data,
      '--steps',
      '2',
      '--eval-fraction',
      '0.5',
      '--projector',
      'linear',
      '--resume',
    ]
    const { code, out, err } = await teach(args, 'mixed.safetensors', true)
    expect(code).toBe(0)
    expect(err).toMatch(
      /1 problem in the data; the rest is used\.\nwhere +what is wrong\nmixed\.jsonl:3 +"image" must be one path/,
    )
    expect(err).toMatch(/mixed\.jsonl:4 +The image could not be read/)
    expect(err).toMatch(/There is no state in ".*mixed\.safetensors\.state" to go on from/)
    expect(err).toMatch(/Looking at the images: 3 of 3/)
    expect(err).toMatch(/step 1 of 2: loss \d+\.\d{4}, rate 0\.0e\+0, \d+\.\d examples\/s, \d+ s left/)
    expect(out).toMatch(/^1 example to learn from \(\d+ tokens\), 1 held out; 2 steps; \d+\.\d MB on the GPU$/m)
    expect(out).toMatch(/^after step 0: held-out loss \d+\.\d{4}, 0\.0 % of 1 answer exact$/m)
    expect(out).toMatch(/^after step 2: held-out loss/m)
    expect(out).toMatch(/^held-out question +expected +said$/m)
    expect(out).toMatch(/^2 steps in \d+\.\d s, loss \d+\.\d{4} → \d+\.\d{4}\. The projector of step 2 is in ".*"\.$/m)
  })

  it('starts where it is told to, with the settings of a preset', async () => {
    const data = ['--data', lesson, '--json', '--steps', '1', '--eval-fraction', '0']
    const start = join(folder, 'start.safetensors')
    await teach([...model, ...data, '--preset', 'llavaStage1', '--accumulate', '1'], 'start.safetensors')
    const again = await teach([...model, ...data, '--projector', start, '--template', 'plain'], 'again.safetensors')
    expect(parsed(again.out)[0].learningRate).toBe(0)
    expect(await tensors('again.safetensors')).toEqual(await tensors('start.safetensors'))
  })

  it('says what to try where the loss is no number', async () => {
    const theirs = Object.entries(await goldenTensors(name)).filter(([key]) => key.startsWith('multi_modal_projector'))
    const broken = theirs.map(([key, { shape }]) => [key, { shape, data: floats(shape, 1e30) }] as const)
    const projector = put('broken.safetensors', writeSafetensors(Object.fromEntries(broken)))
    const { code, out, err } = await teach([...as, '--data', lesson, '--projector', projector], 'nan.safetensors')
    expect(code).toBe(2)
    expect(out).not.toContain('10 steps in')
    expect(err).toMatch(/^beagle: The loss of step 1 is .* Try .* The projector of step 0 is in ".*"\.\n$/)
  })

  it('lists what is wrong where nothing can be used', async () => {
    const { code, out, err } = await teach(['--data', put('bad.csv', 'image,question\n')], 'x.safetensors')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/bad\.csv:1 +The first line must name the columns .* no answer/)
    expect(err).toMatch(/beagle: ".*bad\.csv" has no example that can be used/)
  })

  it.each([
    [['--data', lesson, '--steps', '1', '--epochs', '1'], /'--steps <n>' cannot be used with option '--epochs <n>'/],
    [['--data', lesson, '--betas', '0.9'], /Give two numbers from 0 to below 1, as in 0\.9,0\.999/],
    [['--data', lesson, '--betas', '0.9,1'], /Give two numbers/],
    [['--data', lesson, '--eval-fraction', '1'], /from 0 to 0\.9/],
    [['--data', lesson, '--schedule', 'slow'], /Allowed choices are constant, linear, cosine/],
    [
      ['--data', lesson, '--projector', 'mlpx'],
      /There is no projector file "mlpx"\. .* base, linear, mlp2x_gelu, mlp, c-abs/,
    ],
    [['--data', lesson, '--visual-tokens', '16'], /--visual-tokens is for a fresh projector, .* starts from base/],
    [['--data', lesson, '--projector', 'mlp', '--heads', '2'], /"mlp" takes depth; found heads/],
    [['--data', join(folder, 'none.csv')], /There is no data file/],
    [[], /required option '-d, --data <path>' not specified/],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await teach(args, 'x.safetensors')
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })

  it('says before it begins that it cannot write', async () => {
    for (const out of ['no/such/folder', '.']) {
      const { code, err } = await teach(['--data', lesson], out)
      expect(code).toBe(2)
      expect(err).toMatch(/^beagle: ".*" cannot be written: .* Choose another --out\.\n$/)
    }
  })
})
