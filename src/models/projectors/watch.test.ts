import { expect, it } from 'vitest'
import { bytesSource } from '../../checkpoint/byteSource.ts'
import { singleCheckpoint } from '../../checkpoint/checkpoint.ts'
import type { QFormerConfig, ResamplerConfig } from '../../checkpoint/configTypes.ts'
import { executeAndRead, stateTensor, upload as write } from '../../tensor/execute.ts'
import type { Pass } from '../../tensor/pass.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { hardNumbers } from '../../testing/hardNumbers.ts'
import { goldenBytes } from '../../testing/models.ts'
import { testGpu } from '../../testing/testGpu.ts'
import type { Loaded, SpecTree } from '../tree.ts'
import { release, upload } from '../upload.ts'
import { qFormer, qFormerSpec } from './qFormer.ts'
import { resampler, resamplerSpec } from './resampler.ts'
import type { Look, Watch } from './watch.ts'

const images = 2

/** Row of the feature that is moved, in the second image. */
const moved = 3

type Run<S> = (pass: Pass, weights: Loaded<S>, features: Tensor, watch?: Watch) => Tensor

/** The layers' looks, which of their keys change with the moved feature, and whether the watched run gives what another does. */
async function watched<S extends SpecTree>(file: string, spec: S, shape: [number, number], run: Run<S>) {
  const gpu = await testGpu()
  const { tensors } = await singleCheckpoint(bytesSource(file, goldenBytes(`projectors/${file}.safetensors`)))
  const weights = await upload(gpu, spec, new Map(tensors), { weights: 'f32' })
  const [positions, width] = shape
  const features = stateTensor(gpu, 'features', [images * positions, width])
  const values = hardNumbers(images * positions * width, 'mixed', 5)
  let looks: Look[] = []
  const read = () => {
    write(gpu, features, values)
    return executeAndRead(gpu, 'watched', (pass) => {
      looks = []
      const y = run(pass, weights, features, (look) => looks.push(look))
      const keys = looks.map(({ k }, i) => [`k${i}`, k] as const)
      return { y, plain: run(pass, weights, features), ...Object.fromEntries(keys) } as Record<string, Tensor>
    })
  }
  const before = await read()
  expect(before.y).toEqual(before.plain)
  for (let i = 0; i < width; i++) values[(positions + moved) * width + i]! += i
  const after = await read()
  release(gpu, weights)
  return looks.map(({ keys, queries, firstFeature, layer, k }, i) => {
    const columns = k.shape[1]!
    const changed = Array.from({ length: images * keys }, (_, row) => row).filter((row) =>
      Array.from({ length: columns }, (_, c) => row * columns + c).some(
        (at) => before[`k${i}`]![at] !== after[`k${i}`]![at],
      ),
    )
    return { layer, queries, keys, firstFeature, changed }
  })
}

it('shows the queries and keys of every layer of a resampler', async () => {
  const config: ResamplerConfig = {
    ...{ type: 'resampler', tokens: 5, hidden: 16, layers: 2, heads: 2, ffn: 28, eps: 1e-6 },
    ...{ positions: true, endTokens: 2 },
  }
  const spec = resamplerSpec('abstractor', { positions: 9, levels: 1, features: 24, width: 20 }, config)
  const looks = await watched('resampler-ends', spec, [9, 24], (pass, weights, features, watch) =>
    resampler(pass, weights, features, { images, config, watch }),
  )
  const shape = { queries: 5, keys: 14, firstFeature: 5 }
  const feature = 14 + 5 + moved
  expect(looks).toEqual([
    { layer: 0, ...shape, changed: [feature] },
    { layer: 1, ...shape, changed: [14, 15, 16, 17, 18, feature] },
  ])
})

it('shows the queries and keys of every layer of a Q-Former that looks at the image', async () => {
  const config: QFormerConfig = {
    ...{ type: 'q-former', tokens: 3, hidden: 12, layers: 3, heads: 2, ffn: 20, eps: 1e-12 },
    ...{ vocab: 11, maxPositions: 6, crossEvery: 2, output: true },
  }
  const spec = qFormerSpec('', { positions: 5, levels: 1, features: 20, width: 10 }, config)
  const looks = await watched('q-former-alone', spec, [5, 20], (pass, weights, features, watch) =>
    qFormer(pass, weights, features, { images, config, watch }),
  )
  const shape = { queries: 3, keys: 5, firstFeature: 0, changed: [5 + moved] }
  expect(looks).toEqual([
    { layer: 0, ...shape },
    { layer: 1, ...shape },
  ])
})
