/**
 * How one layout writes the canonical names, as pairs of prefixes. Reading the pairs backwards gives the names for export, so both
 * ways come from the same data. No prefix of a layout begins another.
 *
 * Canonical names: `vision_tower.embeddings…`, `multi_modal_projector.linear_1…`, `language_model.layers.{i}…`,
 * `language_model.embed_tokens.weight`, `language_model.norm.weight`, `lm_head.weight`, `image_newline`.
 */
export interface Layout {
  readonly name: string
  readonly prefixes: readonly { readonly file: string; readonly canonical: string }[]
}

const pair = (file: string, canonical: string) => ({ file, canonical })

const shared = [
  pair('multi_modal_projector.', 'multi_modal_projector.'),
  pair('language_model.model.', 'language_model.'),
  pair('language_model.lm_head.', 'lm_head.'),
  pair('image_newline', 'image_newline'),
]

const inMemory = [
  pair('model.multi_modal_projector.', 'multi_modal_projector.'),
  pair('model.language_model.', 'language_model.'),
  pair('lm_head.', 'lm_head.'),
  pair('model.image_newline', 'image_newline'),
]

/** The namings of llava checkpoints that the transformers library has written over time. */
export const llavaLayouts: readonly Layout[] = [
  {
    name: 'hub files, transformers ≤ 4.57',
    prefixes: [pair('vision_tower.vision_model.', 'vision_tower.'), ...shared],
  },
  {
    name: 'in memory, transformers 4.52 to 4.57',
    prefixes: [pair('model.vision_tower.vision_model.', 'vision_tower.'), ...inMemory],
  },
  { name: 'saved by transformers 5', prefixes: [pair('vision_tower.', 'vision_tower.'), ...shared] },
  { name: 'in memory, transformers 5', prefixes: [pair('model.vision_tower.', 'vision_tower.'), ...inMemory] },
]

const honeybeeParts = [
  pair('abstractor.', 'abstractor.'),
  pair('language_model.model.', 'language_model.'),
  pair('language_model.lm_head.', 'lm_head.'),
  pair('multi_modal_projector.', 'multi_modal_projector.'),
]

/** The namings of Honeybee checkpoints; LLaVA's connectors have a name too, for those that were trained on such a model. */
export const honeybeeLayouts: readonly Layout[] = [
  { name: 'Honeybee', prefixes: [pair('vision_model.vision_model.', 'vision_tower.'), ...honeybeeParts] },
  { name: 'Honeybee, transformers 5', prefixes: [pair('vision_model.', 'vision_tower.'), ...honeybeeParts] },
]

const layers = (file: string, first: string, second?: string) => [
  pair(`${file}${first}`, 'multi_modal_projector.linear_1.'),
  ...(second ? [pair(`${file}${second}`, 'multi_modal_projector.linear_2.')] : []),
]

/**
 * The namings of a projector in a file of its own: of the transformers library, of the original LLaVA (an MLP is numbered, a single
 * layer is not), of either below a model or an adapter, and of the bare layers.
 */
export const projectorLayouts: readonly Layout[] = [
  ...['', 'model.', 'base_model.model.', 'base_model.model.model.'].flatMap((place) => [
    {
      name: `${place}multi_modal_projector`,
      prefixes: layers(`${place}multi_modal_projector.`, 'linear_1.', 'linear_2.'),
    },
    { name: `${place}mm_projector, numbered`, prefixes: layers(`${place}mm_projector.`, '0.', '2.') },
    { name: `${place}mm_projector`, prefixes: layers(`${place}mm_projector.`, '') },
  ]),
  { name: 'bare layers', prefixes: layers('', 'linear_1.', 'linear_2.') },
]

const abstractorParts = ['abstractor.', 'qformer.', 'query_tokens', 'language_projection.']

/** The namings of an abstractor in a file of its own: Honeybee's and InstructBLIP's, alone or below a model. */
export const abstractorLayouts: readonly Layout[] = ['', 'model.'].map((place) => ({
  name: `${place}abstractor`,
  prefixes: abstractorParts.map((part) => pair(`${place}${part}`, part)),
}))

/** A language model alone (`LlamaForCausalLM`, `Qwen2ForCausalLM`). */
export const decoderLayouts: readonly Layout[] = [
  { name: 'language model', prefixes: [pair('model.', 'language_model.'), pair('lm_head.', 'lm_head.')] },
]

function swapPrefix(name: string, pairs: readonly { from: string; to: string }[]): string | undefined {
  const pair = pairs.find(({ from }) => name.startsWith(from))
  return pair && pair.to + name.slice(pair.from.length)
}

/** The canonical name of a tensor in a file; `undefined` when the layout has no place for it. */
export function toCanonical(layout: Layout, fileName: string): string | undefined {
  return swapPrefix(
    fileName,
    layout.prefixes.map(({ file, canonical }) => ({ from: file, to: canonical })),
  )
}

/** The name under which the layout writes a canonical tensor; the inverse of `toCanonical`. */
export function toFileName(layout: Layout, canonicalName: string): string | undefined {
  return swapPrefix(
    canonicalName,
    layout.prefixes.map(({ file, canonical }) => ({ from: canonical, to: file })),
  )
}

/** The layout under which most of the wanted canonical names are found; the first of `layouts` when none is. */
export function detectLayout(
  fileNames: Iterable<string>,
  wanted: { has(canonicalName: string): boolean },
  layouts: readonly Layout[],
): Layout {
  const names = [...fileNames]
  const scores = layouts.map((layout) => {
    const canonical = names.map((name) => toCanonical(layout, name))
    return canonical.filter((name) => name !== undefined && wanted.has(name)).length
  })
  return layouts[scores.indexOf(Math.max(...scores))]!
}
