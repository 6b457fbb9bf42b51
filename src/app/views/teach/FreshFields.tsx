import type { FreshPlan, SizeName } from '../../../teachApi.ts'
import { formatCount, plural } from '../../format.ts'
import { projectorLabel } from '../../projectorLabels.ts'
import { form, freshOf, freshPlan, problems } from '../../store/trainingSettings.ts'

interface Wording {
  label: string
  hint: string
}

const wordings: Record<SizeName, Wording> = {
  tokens: { label: 'Visual tokens', hint: 'Per image. Fewer are faster, more see more.' },
  depth: { label: 'Layers', hint: 'One after the other.' },
  hidden: { label: 'Width', hint: 'Inside the projector.' },
  heads: { label: 'Heads', hint: 'Of its attention.' },
  points: { label: 'Points', hint: 'Sampled per head and token.' },
  ffn: { label: 'Inner width', hint: 'Of its feed-forward layers.' },
  mlpDepth: { label: 'Readout layers', hint: 'Linear, with SiLU between.' },
  endTokens: { label: 'End tokens', hint: 'Learned, behind the visual ones.' },
}

/** What each size is called for a type. */
function wordingOf(size: SizeName, type: string, side: number): Wording {
  if (size === 'depth' && type === 'c-abs') return { label: 'Blocks', hint: 'Before the pooling, and after it.' }
  if (size === 'tokens' && isSquare(type))
    return { label: 'Visual tokens', hint: `A square number; the features are ${side} × ${side}.` }
  return wordings[size]
}

const isSquare = (type: string) => type === 'c-abs' || type === 'd-abs'

/** The sizes of a fresh projector: those that its type has, empty ones at their defaults. */
export function FreshFields() {
  const plan = freshPlan.value
  const fresh = freshOf(form.value)
  if (!plan || !fresh) return null
  const { type } = fresh
  return (
    <>
      {(Object.keys(plan.sizes) as SizeName[]).map((size) => (
        <SizeField key={`${type} ${size}`} size={size} type={type} plan={plan} />
      ))}
      {plan.visualTokens !== undefined && (
        <p class="hint fresh-summary">
          {`${projectorLabel(type)}: `.replace(/^./, (c) => c.toUpperCase())}
          {plural(plan.visualTokens, 'visual token')} from {plural(plan.positions, 'feature')},{' '}
          {formatCount(plan.parameters ?? 0)} parameters.
        </p>
      )}
    </>
  )
}

function SizeField({ size, type, plan }: { size: SizeName; type: string; plan: FreshPlan }) {
  const side = Math.round(Math.sqrt(plan.positions))
  const { label, hint } = wordingOf(size, type, side)
  const problem = problems.value[size]
  const squares = size === 'tokens' && isSquare(type) ? Array.from({ length: side }, (_, i) => (i + 1) ** 2) : []
  return (
    <div class="field">
      <label for={`fresh-${size}`}>{label}</label>
      <input
        id={`fresh-${size}`}
        class="number"
        type="number"
        inputMode="numeric"
        min={0}
        step={1}
        list={squares.length > 0 ? 'fresh-squares' : undefined}
        placeholder={String(plan.sizes[size])}
        value={form.value[size] ?? ''}
        aria-invalid={problem !== undefined}
        aria-describedby={`fresh-${size}-note`}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          form.value = { ...form.value, [size]: Number.isNaN(valueAsNumber) ? null : valueAsNumber }
        }}
      />
      {squares.length > 0 && (
        <datalist id="fresh-squares">
          {squares.map((square) => (
            <option key={square} value={square} />
          ))}
        </datalist>
      )}
      <span id={`fresh-${size}-note`} class={problem ? 'field-problem' : 'hint'}>
        {problem ?? hint}
      </span>
    </div>
  )
}
