import type { Explanation, ImageLook, Look, LookSelection, Message, Model } from '../api.ts'
import type { LookReply, WireLook } from './protocol.ts'

/** The part of the library that says where a model looked. */
export interface LookLibrary {
  carryBack(explanation: Explanation, selection?: LookSelection): Look
  inWords(look: ImageLook): string
}

/** Tokens that are explained at a time: of a longer answer, those about the one that is asked for. */
const together = 48

/** Dots that a page draws; the lightest of more are left out. */
const mostPoints = 1000

/** Remembers the latest explanation, so that a further word, layer or head of the same answer costs no run of the model. */
export class Looks {
  private kept: { model: Model; key: string; explanation: Explanation } | undefined

  constructor(private readonly library: LookLibrary) {}

  /** Where `model` looked while it chose characters of an answer; `messages` are those of `wire`, with their images. */
  async look(model: Model, wire: WireLook, messages: Message[], signal: AbortSignal): Promise<LookReply> {
    const { ids, characters, layer, head } = wire
    const projector = model.projectors().find(({ active }) => active)?.name
    const key = JSON.stringify([projector, wire.messages, ids])
    const explain = async (first: number) => {
      const tokens = [first, Math.min(ids.length, first + together)] as const
      const explanation = await model.explain(messages, ids, { tokens, signal })
      this.kept = { model, key, explanation }
      return explanation
    }
    const known = this.kept?.model === model && this.kept.key === key ? this.kept.explanation : undefined
    let explanation = known ?? (await explain(0))
    const tokens = tokensWithin(explanation, characters)
    const has = ([first, end]: readonly [number, number]) => first <= tokens[0] && tokens[1] <= end
    if (!has(explanation.explained)) explanation = await explain(tokens[0])
    const last = Math.min(tokens[1], explanation.explained[1])
    const { share, images } = this.library.carryBack(explanation, { tokens: [tokens[0], last], layer, head })
    return {
      layers: explanation.layers,
      heads: explanation.heads,
      share,
      images: images.map((image) => ({
        ...image,
        words: this.library.inWords(image),
        points: image.points?.slice(0, mostPoints),
        pointsInAll: image.points?.length ?? 0,
      })),
    }
  }
}

/** The tokens that have one of these characters; the first where none has. */
function tokensWithin({ tokens }: Explanation, [start, end]: readonly [number, number]): readonly [number, number] {
  const has = (token: { start: number; end: number }) => token.start < end && token.end > start
  const first = Math.max(0, tokens.findIndex(has))
  return [first, Math.max(first, tokens.findLastIndex(has)) + 1]
}
