import { preferences, type Sampling, sampling, unsetSampling } from '../store/settings.ts'
import { Choice } from './Choice.tsx'
import { Sheet } from './Sheet.tsx'

interface Control {
  name: keyof Sampling
  label: string
  hint: string
  min: number
  max: number
  step: number
  /** Where the slider rests while the model decides. */
  rest: number
}

const controls: Control[] = [
  {
    name: 'temperature',
    label: 'Temperature',
    hint: '0 always takes the likeliest token.',
    min: 0,
    max: 2,
    step: 0.05,
    rest: 0,
  },
  { name: 'topK', label: 'Top-k', hint: 'Only the k likeliest tokens; 0 is all.', min: 0, max: 200, step: 1, rest: 0 },
  {
    name: 'topP',
    label: 'Top-p',
    hint: 'Only the likeliest up to this sum of probability.',
    min: 0.05,
    max: 1,
    step: 0.05,
    rest: 1,
  },
  {
    name: 'minP',
    label: 'Min-p',
    hint: 'None below this share of the likeliest.',
    min: 0,
    max: 1,
    step: 0.01,
    rest: 0,
  },
  {
    name: 'repetitionPenalty',
    label: 'Repetition penalty',
    hint: 'Above 1 makes tokens that were used less likely.',
    min: 1,
    max: 2,
    step: 0.05,
    rest: 1,
  },
  { name: 'maxNewTokens', label: 'Longest answer', hint: 'In tokens.', min: 1, max: 1024, step: 1, rest: 256 },
]

export function SettingsPanel() {
  return (
    <Sheet name="settings" title="Settings">
      {() => (
        <>
          <Choice
            name="theme"
            legend="Appearance"
            value={preferences.value.theme}
            options={[
              { value: 'system', label: 'System' },
              { value: 'light', label: 'Light' },
              { value: 'dark', label: 'Dark' },
            ]}
            onChange={(theme) => {
              preferences.value = { ...preferences.value, theme }
            }}
          />
          <section aria-labelledby="sampling-title">
            <div class="section-head">
              <h3 id="sampling-title">Sampling</h3>
              <button
                type="button"
                class="text-button"
                onClick={() => {
                  sampling.value = unsetSampling
                }}
              >
                Reset
              </button>
            </div>
            <p class="hint">An empty field leaves the choice to the model. Changes apply from the next answer.</p>
            {controls.map((control) => (
              <SamplingRow key={control.name} control={control} />
            ))}
            <SeedRow />
          </section>
        </>
      )}
    </Sheet>
  )
}

const change = (name: keyof Sampling, text: string, { min, max }: { min: number; max: number }) => {
  const value = text.trim() === '' ? null : Math.min(max, Math.max(min, Number(text)))
  sampling.value = { ...sampling.value, [name]: Number.isNaN(value) ? null : value }
}

function SamplingRow({ control }: { control: Control }) {
  const { name, label, hint, min, max, step, rest } = control
  const value = sampling.value[name]
  return (
    <div class={`slider-row ${value === null ? 'is-unset' : ''}`}>
      <label for={`sampling-${name}`}>{label}</label>
      <input
        id={`sampling-${name}`}
        class="number"
        type="number"
        inputMode="decimal"
        {...{ min, max, step }}
        placeholder="auto"
        value={value ?? ''}
        aria-describedby={`sampling-${name}-hint`}
        onChange={(event) => change(name, event.currentTarget.value, control)}
      />
      <input
        class="slider"
        type="range"
        {...{ min, max, step }}
        value={value ?? rest}
        aria-label={`${label}, slider`}
        onInput={(event) => change(name, event.currentTarget.value, control)}
      />
      <p id={`sampling-${name}-hint`} class="hint">
        {hint}
      </p>
    </div>
  )
}

function SeedRow() {
  return (
    <div class="slider-row is-short">
      <label for="sampling-seed">Seed</label>
      <input
        id="sampling-seed"
        class="number"
        type="number"
        min={0}
        max={2 ** 31 - 1}
        step={1}
        placeholder="random"
        value={sampling.value.seed ?? ''}
        aria-describedby="sampling-seed-hint"
        onChange={(event) => change('seed', event.currentTarget.value, { min: 0, max: 2 ** 31 - 1 })}
      />
      <p id="sampling-seed-hint" class="hint">
        The same seed gives the same answer to the same question.
      </p>
    </div>
  )
}
