import type { ComponentType } from 'preact'
import { dragging } from '../drop.ts'
import { type Mode, mode } from '../store/mode.ts'
import { CameraDialog } from './CameraDialog.tsx'
import { Chat } from './Chat.tsx'
import { DevicePanel } from './DevicePanel.tsx'
import { Header } from './Header.tsx'
import { later } from './Later.tsx'
import { ModelMenu } from './ModelMenu.tsx'
import { PictureDialog } from './PictureDialog.tsx'
import { SettingsPanel } from './SettingsPanel.tsx'
import { Spoken } from './Toasts.tsx'

const parts: Record<Mode, ComponentType> = {
  chat: Chat,
  teach: later(async () => (await import('./teach/TeachView.tsx')).TeachView),
  lab: later(async () => (await import('./lab/LabView.tsx')).LabView),
}

const dropHints: Record<Mode, string> = {
  chat: 'Drop images to ask about them, or a model folder to load it',
  teach: 'Drop pictures, folders of them, or a data file with its pictures',
  lab: 'Drop an image, a data file with its pictures, or a projector',
}

export function App() {
  const Part = parts[mode.value]
  return (
    <>
      <Header />
      <main class="main">
        <Part key={mode.value} />
      </main>
      <ModelMenu />
      <SettingsPanel />
      <DevicePanel />
      <CameraDialog />
      <PictureDialog />
      <Spoken />
      {dragging.value && <div class={`drop-target in-${mode.value}`}>{dropHints[mode.value]}</div>}
    </>
  )
}
