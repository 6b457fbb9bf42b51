import { useEffect } from 'preact/hooks'
import type { CachedModel, WeightStorage } from '../../api.ts'
import { formatBytes, formatCount } from '../format.ts'
import {
  cached,
  deleteCachedModel,
  embedded,
  isEmbedded,
  loadModel,
  memory,
  modelState,
  refreshCached,
  reload,
} from '../store/model.ts'
import { openPanel } from '../store/panels.ts'
import { preferences } from '../store/settings.ts'
import { Choice } from './Choice.tsx'
import { Facts } from './Facts.tsx'
import { FolderButton } from './FolderButton.tsx'
import { HubForm } from './HubForm.tsx'
import { Icon } from './Icon.tsx'
import { Sheet } from './Sheet.tsx'
import { UrlForm } from './UrlForm.tsx'

export function ModelMenu() {
  return (
    <Sheet name="model" title="Model">
      {() => (
        <>
          <Current />
          <Weights />
          <section aria-labelledby="here-title">
            <h3 id="here-title">On this device</h3>
            <OnThisDevice />
          </section>
          <section aria-labelledby="other-title">
            <h3 id="other-title">Another model</h3>
            <HubForm />
            <UrlForm />
            <FolderButton />
          </section>
        </>
      )}
    </Sheet>
  )
}

function Current() {
  const state = modelState.value
  if (state.kind !== 'ready') return null
  const { info } = state
  const rows: [string, string][] = [
    ['Encoder', info.encoder],
    ['Projector', info.projector],
    ['Decoder', info.decoder],
    ['Parameters', formatCount(info.parameters)],
    ['On the GPU', memory.value ? formatBytes(memory.value.totalBytes) : 'unknown'],
    ['Tokens per image', String(info.visualTokensPerImage)],
    ['Context', `${info.maxContext} tokens`],
  ]
  return (
    <section class="card" aria-labelledby="current-title">
      <h3 id="current-title">{state.choice.label}</h3>
      <p class="hint">{info.origin}</p>
      <Facts rows={rows} />
    </section>
  )
}

const weightHints: Record<WeightStorage, string> = {
  q4: '4 bits per weight: smallest and fastest, a little less exact.',
  q8: '8 bits per weight: hard to tell from the original.',
  f16: '16 bits: as most models are published; needs a GPU with f16.',
  f32: '32 bits: for comparing; four times the memory of q8.',
}

function Weights() {
  const { weights } = preferences.value
  const state = modelState.value
  return (
    <section>
      <Choice
        name="weights"
        legend="Weights"
        value={weights}
        options={(['q4', 'q8', 'f16', 'f32'] as const).map((value) => ({ value, label: value }))}
        onChange={(value) => {
          preferences.value = { ...preferences.value, weights: value }
        }}
      />
      <div class="choice-foot">
        <p class="hint">{weightHints[weights]}</p>
        {state.kind !== 'loading' && state.choice.weights !== weights && (
          <button type="button" class="button" onClick={() => void reload(weights)}>
            Reload as {weights}
          </button>
        )}
      </div>
    </section>
  )
}

function OnThisDevice() {
  useEffect(() => void refreshCached(), [])
  const state = modelState.value
  const { choice } = state
  const isCurrent = ({ key, origin }: CachedModel) =>
    (typeof choice.source === 'object' && choice.source.kind === 'cached' && choice.source.key === key) ||
    (state.kind === 'ready' && state.info.origin === origin)
  const open = (next: Parameters<typeof loadModel>[0]) => {
    openPanel.value = undefined
    void loadModel(next)
  }
  return (
    <ul class="model-list">
      <li>
        <button
          type="button"
          class="model-row"
          aria-current={isEmbedded(choice.source)}
          onClick={() => open(embedded())}
        >
          <Icon name="box" />
          <span class="model-row-name">Pocket</span>
          <span class="model-row-detail">embedded</span>
        </button>
      </li>
      {cached.value?.map((model) => (
        <li key={model.key}>
          <button
            type="button"
            class="model-row"
            aria-current={isCurrent(model)}
            onClick={() =>
              open({
                source: { kind: 'cached', key: model.key },
                label: model.origin,
                weights: preferences.peek().weights,
              })
            }
          >
            <Icon name="box" />
            <span class="model-row-name">{model.origin}</span>
            <span class="model-row-detail">
              {formatBytes(model.bytes)}
              {model.complete ? '' : ', partly'}
            </span>
          </button>
          <button
            type="button"
            class="icon-button small"
            aria-label={`Delete ${model.origin} from this device`}
            title="Delete from this device"
            onClick={() => void deleteCachedModel(model.key)}
          >
            <Icon name="trash" />
          </button>
        </li>
      ))}
    </ul>
  )
}
