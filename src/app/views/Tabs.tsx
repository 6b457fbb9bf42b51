import { labNote, type Mode, mode, trainingNote } from '../store/mode.ts'
import { Icon, type IconName } from './Icon.tsx'

const tabs: { mode: Mode; label: string; icon: IconName }[] = [
  { mode: 'chat', label: 'Chat', icon: 'chat' },
  { mode: 'teach', label: 'Teach', icon: 'teach' },
  { mode: 'lab', label: 'Lab', icon: 'lab' },
]

/** What goes on behind a tab. */
const notes = {
  chat: undefined,
  teach: { at: trainingNote, what: 'training' },
  lab: { at: labNote, what: 'measuring' },
}

/** From the chat to Teach, the Lab and back: links, so that the address and the back button know. */
export function Tabs() {
  return (
    <nav class="tabs" aria-label="What to do">
      {tabs.map((tab) => (
        <a key={tab.mode} href={`#${tab.mode}`} aria-current={mode.value === tab.mode ? 'page' : undefined}>
          <Icon name={tab.icon} />
          {tab.label}
          {notes[tab.mode]?.at.value && (
            <span class="tab-note">
              <span class="visually-hidden">, {notes[tab.mode]?.what} </span>
              {notes[tab.mode]?.at.value}
            </span>
          )}
        </a>
      ))}
    </nav>
  )
}
