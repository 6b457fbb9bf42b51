import { formatMs, formatRate } from '../format.ts'
import type { Answer } from '../store/conversation.ts'
import { Facts } from './Facts.tsx'

/** How long the answer took: encode, first token, rate; the rest on request. */
export function Figures({ answer: { result, seed, by, projector } }: { answer: Answer }) {
  if (!result) return null
  const { timings, imagesEncoded, visualTokens, cachedTokens, prefilledTokens, ids, inputIds } = result
  const rows: [string, string][] = [
    ['Images encoded now', imagesEncoded === 0 ? 'none, all known' : String(imagesEncoded)],
    ['Visual tokens', String(visualTokens)],
    ['Prompt tokens', `${inputIds.length} (${cachedTokens} cached, ${prefilledTokens} new)`],
    ['Prefill', formatMs(timings.prefill)],
    ['Answer tokens', String(ids.length)],
    ['Per token', formatMs(timings.decodePerToken)],
    ['Ended by', { stop: 'the model', length: 'the token limit', aborted: 'you' }[result.finishReason]],
    ['Seed', seed === undefined ? 'none' : String(seed)],
    ['Model', by ?? 'unknown'],
    ['Projector', projector ?? 'base'],
  ]
  return (
    <details class="figures">
      <summary title="More figures">
        <span class="figure">
          encode <b>{imagesEncoded > 0 ? formatMs(timings.encode) : 'cached'}</b>
        </span>
        <span class="figure">
          first token <b>{formatMs(timings.firstToken)}</b>
        </span>
        <span class="figure">
          <b>{formatRate(timings.tokensPerSecond)}</b> tokens/s
        </span>
        {projector !== undefined && visualTokens > 0 && (
          <span class="figure">
            <b>{visualTokens}</b> visual tokens
          </span>
        )}
        {projector !== undefined && (
          <span class="figure">
            projector <b>{projector}</b>
          </span>
        )}
        <span class="figure-more">details</span>
      </summary>
      <Facts rows={rows} />
    </details>
  )
}
