import { useRef, useState } from 'preact/hooks'
import type { ProjectorType } from '../../../teachApi.ts'
import { projectorLabels } from '../../projectorLabels.ts'
import {
  form,
  type NumberName,
  numberRules,
  preset,
  problems,
  type Start,
  startFile,
  startFrom,
  type TeachForm,
  usePreset,
} from '../../store/trainingSettings.ts'
import { Icon } from '../Icon.tsx'
import { FreshFields } from './FreshFields.tsx'

const freshOptions = Object.fromEntries(
  Object.entries(projectorLabels).map(([type, label]) => [type, `Fresh: ${label}`]),
) as Record<ProjectorType, string>

type Chosen = 'schedule' | 'mask' | 'template' | 'recompute' | 'start' | 'length'

const selects: { [K in Chosen]: { label: string; hint: string; options: Record<TeachForm[K], string> } } = {
  start: {
    label: 'Projector',
    hint: 'Where it starts from.',
    options: {
      base: 'The model’s own',
      ...freshOptions,
      file: 'A file…',
    },
  },
  length: { label: 'Length in', hint: 'How the end is counted.', options: { epochs: 'Epochs', steps: 'Steps' } },
  schedule: {
    label: 'Schedule',
    hint: 'The rate after warm-up.',
    options: { cosine: 'Cosine decay', linear: 'Linear decay', constant: 'Constant' },
  },
  mask: {
    label: 'What counts',
    hint: 'Whose words are learned.',
    options: { prompt: 'The answers', none: 'All text' },
  },
  template: {
    label: 'Template',
    hint: 'How text is put to the model.',
    options: { chat: 'The model’s chat', plain: 'Plain captions' },
  },
  recompute: {
    label: 'Activations',
    hint: 'For the backward pass.',
    options: { auto: 'As memory allows', always: 'Compute again', never: 'Keep' },
  },
}

const set = (change: Partial<TeachForm>) => {
  form.value = { ...form.value, ...change }
}

/** Everything about a training that can be set; each has a default. */
export function TrainSettings() {
  const { length, start } = form.value
  return (
    <details class="advanced train-settings">
      <summary>Advanced</summary>
      <fieldset>
        <legend>Projector and length</legend>
        <SelectField name="start" />
        {start === 'file' && <StartFile />}
        <FreshFields />
        <SelectField name="length" />
        <NumberField key={length} name={length} />
      </fieldset>
      <Numbers legend="Batches" names={['batchSize', 'accumulate']} />
      <fieldset>
        <legend>Learning rate</legend>
        <NumberField name="learningRate" />
        <SelectField name="schedule" />
        <NumberField name="warmup" />
        <NumberField name="minLearningRate" />
      </fieldset>
      <Numbers legend="Optimizer (AdamW)" names={['weightDecay', 'clip', 'beta1', 'beta2', 'eps']} />
      <Numbers legend="Checks and saves" names={['evalFraction', 'evalEvery', 'saveEvery', 'seed']} />
      <fieldset>
        <legend>Text and memory</legend>
        <SelectField name="mask" />
        <SelectField name="template" />
        <SelectField name="recompute" />
        <label class="check-field">
          <input
            type="checkbox"
            checked={form.value.releaseEncoder}
            onChange={({ currentTarget }) => set({ releaseEncoder: currentTarget.checked })}
          />
          <span>Free the encoder’s memory while training; a chat brings it back</span>
        </label>
      </fieldset>
      {preset.value !== 'quick' && (
        <button type="button" class="text-button" onClick={() => usePreset('quick')}>
          Back to the defaults
        </button>
      )}
    </details>
  )
}

function Numbers({ legend, names }: { legend: string; names: NumberName[] }) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {names.map((name) => (
        <NumberField key={name} name={name} />
      ))}
    </fieldset>
  )
}

function NumberField({ name }: { name: NumberName }) {
  const { label, hint, min, max, whole } = numberRules[name]
  const value = form.value[name]
  const problem = problems.value[name]
  return (
    <div class="field">
      <label for={`train-${name}`}>{label}</label>
      <input
        id={`train-${name}`}
        class="number"
        type="number"
        inputMode="decimal"
        {...{ min, max }}
        step={whole ? 1 : 'any'}
        value={value ?? ''}
        aria-invalid={problem !== undefined}
        aria-describedby={`train-${name}-note`}
        onInput={({ currentTarget: { value: text, valueAsNumber } }) =>
          set({ [name]: text === '' || Number.isNaN(valueAsNumber) ? null : valueAsNumber })
        }
      />
      <span id={`train-${name}-note`} class={problem ? 'field-problem' : 'hint'}>
        {problem ?? hint}
      </span>
    </div>
  )
}

function SelectField({ name }: { name: Chosen }) {
  const { label, hint, options } = selects[name]
  const problem = problems.value[name]
  return (
    <div class="field">
      <label for={`train-${name}`}>{label}</label>
      <select
        id={`train-${name}`}
        value={form.value[name]}
        aria-invalid={problem !== undefined}
        aria-describedby={`train-${name}-note`}
        onChange={({ currentTarget: { value } }) =>
          name === 'start' ? startFrom(value as Start) : set({ [name]: value })
        }
      >
        {Object.entries(options).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <span id={`train-${name}-note`} class={problem ? 'field-problem' : 'hint'}>
        {problem ?? hint}
      </span>
    </div>
  )
}

function StartFile() {
  const input = useRef<HTMLInputElement>(null)
  const [reading, setReading] = useState(false)
  return (
    <div class="field">
      <span>File</span>
      <input
        ref={input}
        type="file"
        accept=".safetensors"
        hidden
        aria-label="Projector to start from"
        onChange={async ({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (!file) return
          setReading(true)
          startFile.value = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
          setReading(false)
        }}
      />
      <button type="button" class="button" disabled={reading} onClick={() => input.current?.click()}>
        <Icon name="open" />
        {startFile.value?.name ?? 'Choose…'}
      </button>
    </div>
  )
}
