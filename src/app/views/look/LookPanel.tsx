import { useEffect, useRef } from 'preact/hooks'
import type { LookReply } from '../../protocol.ts'
import type { Answer, Turn } from '../../store/conversation.ts'
import { choosePart, look, lookedPart, picturesOf, saidOf, strength, toggleLooking } from '../../store/looking.ts'
import { openPanel } from '../../store/panels.ts'
import type { Picture } from '../../store/pictures.ts'
import { answering } from '../../store/projectors.ts'
import { Overlay } from './Overlay.tsx'

/** Where the model looked when it chose a word: the pictures under it with what went to each part of them. Esc closes it. */
export function LookPanel({ turn, answer, onClose }: { turn: Turn; answer: Answer; onClose: () => void }) {
  useEffect(() => {
    const close = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape' || openPanel.peek() !== undefined) return
      toggleLooking(answer)
      onClose()
    }
    document.addEventListener('keydown', close)
    return () => document.removeEventListener('keydown', close)
  }, [answer, onClose])
  const pictures = useRef<HTMLDivElement>(null)
  const state = look.value
  const shown = state.kind !== 'failed' && state.kind !== 'none' && state.reply !== undefined
  useEffect(() => pictures.current?.scrollIntoView({ block: 'nearest' }), [shown])
  if (state.kind === 'failed')
    return (
      <p class="answer-problem" role="alert">
        {state.message}
      </p>
    )
  if (state.kind === 'none' || !state.reply || !state.word)
    return (
      <p class="look-hint">
        {state.kind === 'looking' ? 'Looking back…' : 'Choose a word to see where the model looked when it chose it.'}
      </p>
    )
  const { reply, word } = state
  const said = saidOf(word, reply)
  const [by, now] = [answer.projector ?? 'base', answering.value ?? 'base']
  return (
    <figure class={`look is-${state.kind}`}>
      <div class="look-pictures" ref={pictures}>
        {picturesOf(turn).map((picture, i) => (
          <LookPicture key={picture.id} picture={picture} reply={reply} at={i} said={said} />
        ))}
      </div>
      <div class="look-side">
        <figcaption>{said}</figcaption>
        <Legend reply={reply} />
        <Controls turn={turn} reply={reply} />
        {by !== now && (
          <p class="hint">
            The projector {by} gave this answer; shown is where the model looks with {now}.
          </p>
        )}
        <p class="hint">
          The decoder’s attention while it chose the word, carried back through the projector. It tells where the model
          looked, not why it said so.
        </p>
      </div>
    </figure>
  )
}

/** The share of the attention that fills a cell of a picture with colour. */
const fullOf = ({ grid }: LookReply['images'][number]) => Math.min(1, 2 ** -strength.value / (grid.rows * grid.columns))

interface PictureProps {
  picture: Picture
  reply: LookReply
  at: number
  said: string
}

function LookPicture({ picture, reply, at, said }: PictureProps) {
  const seen = reply.images[at]
  return (
    <div class="look-picture">
      <img src={picture.url} alt={picture.alt} decoding="async" />
      {seen && <Overlay seen={seen} full={fullOf(seen)} label={said} />}
    </div>
  )
}

const percent = (share: number) => `${(100 * share).toPrecision(share >= 0.1 ? 2 : 1)}\u00a0%`

function Legend({ reply: { images } }: { reply: LookReply }) {
  const [first] = images
  if (!first) return null
  const full = percent(fullOf(first))
  const { points, pointsInAll, frame, width, height } = first
  const lost = images.reduce((sum, { share, heat }) => sum + share - heat.reduce((a, b) => a + b, 0), 0)
  const cut = frame.x > 0 || frame.y > 0 || frame.x + frame.width < width || frame.y + frame.height < height
  return (
    <ul class="look-legend">
      {points ? (
        <li>
          <span class="look-key-dot" aria-hidden="true" />
          <span>
            A dot is a place that was sampled; one as wide as a cell got {full} of the attention
            {pointsInAll > points.length && `. The heaviest ${points.length} of ${pointsInAll} are drawn`}
          </span>
        </li>
      ) : (
        <li>
          <span class="look-key-ramp" aria-hidden="true" />
          <span>0 to {full} or more of the attention in a cell</span>
        </li>
      )}
      {lost >= 0.005 && <li>{percent(lost)} of the attention has no place on the image</li>}
      {cut && (
        <li>
          <span class="look-key-unseen" aria-hidden="true" />
          <span>not seen by the model</span>
        </li>
      )}
    </ul>
  )
}

function Controls({ turn, reply }: { turn: Turn; reply: LookReply }) {
  const { layer, head } = lookedPart.value
  const full = reply.images[0] ? percent(fullOf(reply.images[0])) : ''
  return (
    <div class="look-controls">
      <label class="look-strength">
        <span>Strength</span>
        <input
          class="slider"
          type="range"
          min={-5}
          max={2}
          step={0.25}
          value={strength.value}
          aria-valuetext={`full colour at ${full} of the attention in a cell`}
          onInput={({ currentTarget }) => {
            strength.value = Number(currentTarget.value)
          }}
        />
      </label>
      <Part name="Layer" count={reply.layers} value={layer} onChange={(layer) => choosePart(turn, { layer })} />
      <Part name="Head" count={reply.heads} value={head} onChange={(head) => choosePart(turn, { head })} />
    </div>
  )
}

interface PartProps {
  name: string
  count: number
  value: number | undefined
  onChange: (value: number | undefined) => void
}

function Part({ name, count, value, onChange }: PartProps) {
  return (
    <label class="field">
      {name}
      <select
        value={value ?? ''}
        onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : Number(currentTarget.value))}
      >
        <option value="">Mean of {count}</option>
        {Array.from({ length: count }, (_, i) => (
          <option key={String(i)} value={i}>
            {i + 1}
          </option>
        ))}
      </select>
    </label>
  )
}
