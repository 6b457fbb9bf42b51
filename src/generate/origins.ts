import type { TokenOrigin } from '../explainApi.ts'
import type { Gpu } from '../gpu/device.ts'
import { cellsOf, featureCells } from '../models/projectors/cells.ts'
import type { Projector } from '../models/projectors/projector.ts'
import type { Look, Watch, WatchPoints } from '../models/projectors/watch.ts'
import { attentionWeights } from '../ops/attentionWeights.ts'
import { concat } from '../tensor/concat.ts'
import { executeAndRead, upload } from '../tensor/execute.ts'
import type { Pass } from '../tensor/pass.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { projectSeen, type SeenImage } from './seenImage.ts'

/** Where an image's visual tokens come from on its grid of `side` × `side` features: see `TokenOrigin`. */
export async function originOf(
  gpu: Gpu,
  projector: Projector,
  side: number,
  image: () => Promise<SeenImage>,
): Promise<TokenOrigin> {
  const cells = cellsOf(projector, side)
  if (cells) return { kind: 'cells', cells }
  const seen = await image()
  return projector.config.type === 'd-abs' ? pointsOf(gpu, projector, seen) : attentionOf(gpu, projector, side, seen)
}

/** Runs the projector and reads, layer by layer, what `look` adds to the tensors wanted. */
function watched(
  gpu: Gpu,
  projector: Projector,
  seen: SeenImage,
  look: (pass: Pass, wanted: Record<string, Tensor>) => { watch?: Watch; watchPoints?: WatchPoints },
): Promise<Record<string, Float32Array | Uint32Array>> {
  return executeAndRead(gpu, 'explain projector', (pass) => {
    const wanted: Record<string, Tensor> = {}
    projectSeen(pass, projector, seen, look(pass, wanted))
    return wanted
  })
}

async function attentionOf(gpu: Gpu, projector: Projector, side: number, seen: SeenImage): Promise<TokenOrigin> {
  let looks: Look[] = []
  const read = await watched(gpu, projector, seen, (pass, wanted) => {
    looks = []
    const watch = (look: Look) => {
      const { q, k, heads, headWidth, queries, keys, firstFeature } = look
      const columns = pass.scratch([keys - firstFeature], 'u32')
      upload(
        gpu,
        columns,
        Uint32Array.from({ length: keys - firstFeature }, (_, i) => firstFeature + i),
      )
      const options = { rows: { first: 0, count: queries }, heads, kvHeads: heads, headWidth }
      wanted[looks.push(look) - 1] = attentionWeights(pass, { q, k, columns }, options)
    }
    return { watch }
  })
  const weights = concat(looks.map((look, i) => onGrid(read[i]!, look, projector, side)))
  return { kind: 'attention', layers: looks.length, weights }
}

/** Weights [queries, heads, features] of a layer → [queries, side · side], mean over heads, the levels together. */
function onGrid(weights: ArrayLike<number>, { heads, queries }: Look, { ends }: Projector, side: number): Float32Array {
  const places = featureCells(ends, side)
  const y = new Float32Array(queries * side * side)
  for (let row = 0; row < queries * heads; row++) {
    const line = Math.floor(row / heads) * side * side
    places.forEach(([top, bottom, left], feature) => {
      if (bottom > top) y[line + top * side + left]! += weights[row * places.length + feature]! / heads
    })
  }
  return y
}

async function pointsOf(gpu: Gpu, projector: Projector, seen: SeenImage): Promise<TokenOrigin> {
  const read = await watched(gpu, projector, seen, (_, wanted) => ({
    watchPoints: ({ layer, locations, weights }) => {
      wanted[`locations ${layer}`] = locations
      wanted[`weights ${layer}`] = weights
    },
  }))
  if (projector.config.type !== 'd-abs') throw new TypeError('Only a D-Abstractor samples points.')
  const { layers, heads, levels, points, tokens } = projector.config
  const byToken = (name: string, perQuery: number) => {
    const parts = Array.from({ length: tokens * layers }, (_, i) => {
      const [token, layer] = [Math.floor(i / layers), i % layers]
      return read[`${name} ${layer}`]!.subarray(token * perQuery, (token + 1) * perQuery)
    })
    return concat(parts)
  }
  const perQuery = heads * levels * points
  return {
    kind: 'points',
    ...{ layers, heads, points: levels * points },
    positions: byToken('locations', 2 * perQuery),
    weights: byToken('weights', perQuery),
  }
}
