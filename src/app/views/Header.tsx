import { clearConversation, turns } from '../store/conversation.ts'
import { mode } from '../store/mode.ts'
import { modelState } from '../store/model.ts'
import { openPanel, type Panel } from '../store/panels.ts'
import { Icon, type IconName } from './Icon.tsx'
import { Logo } from './Logo.tsx'
import { Tabs } from './Tabs.tsx'

export function Header() {
  return (
    <header class="header">
      <h1 class="brand">
        <Logo size={34} />
        <span>Beagle</span>
      </h1>
      <Tabs />
      <ModelChip />
      <div class="header-actions">
        <button
          type="button"
          class="new-chat"
          aria-label="New chat"
          disabled={turns.value.length === 0 || mode.value !== 'chat'}
          onClick={clearConversation}
        >
          <Icon name="newChat" />
          <span>New chat</span>
        </button>
        <PanelButton panel="device" icon="chip" label="Device" />
        <PanelButton panel="settings" icon="settings" label="Settings" />
      </div>
    </header>
  )
}

function PanelButton({ panel, icon, label }: { panel: Panel; icon: IconName; label: string }) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-haspopup="dialog"
      onClick={() => {
        openPanel.value = panel
      }}
    >
      <Icon name={icon} />
    </button>
  )
}

function ModelChip() {
  const state = modelState.value
  const detail = { loading: 'loading', ready: state.choice.weights, failed: 'not loaded' }[state.kind]
  return (
    <button
      type="button"
      class={`model-chip is-${state.kind}`}
      aria-haspopup="dialog"
      aria-label={`Model: ${state.choice.label}, ${detail}. Change`}
      onClick={() => {
        openPanel.value = 'model'
      }}
    >
      <span class="model-chip-dot" />
      <span class="model-chip-name">{state.choice.label}</span>
      <span class="model-chip-detail">{detail}</span>
      <Icon name="chevron" />
    </button>
  )
}
