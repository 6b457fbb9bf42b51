import { type Mode, mode, trainingNote } from '../store/mode.ts'
import { Icon, type IconName } from './Icon.tsx'

const tabs: { mode: Mode; label: string; icon: IconName }[] = [
  { mode: 'chat', label: 'Chat', icon: 'chat' },
  { mode: 'teach', label: 'Teach', icon: 'teach' },
]

/** From the chat to Teach and back: links, so that the address and the back button know. */
export function Tabs() {
  return (
    <nav class="tabs" aria-label="What to do">
      {tabs.map((tab) => (
        <a key={tab.mode} href={`#${tab.mode}`} aria-current={mode.value === tab.mode ? 'page' : undefined}>
          <Icon name={tab.icon} />
          {tab.label}
          {tab.mode === 'teach' && trainingNote.value !== '' && (
            <span class="tab-note">
              <span class="visually-hidden">, training </span>
              {trainingNote.value}
            </span>
          )}
        </a>
      ))}
    </nav>
  )
}
