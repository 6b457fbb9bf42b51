import { dragging } from '../drop.ts'
import { mode } from '../store/mode.ts'
import { CameraDialog } from './CameraDialog.tsx'
import { Chat } from './Chat.tsx'
import { DevicePanel } from './DevicePanel.tsx'
import { Header } from './Header.tsx'
import { ModelMenu } from './ModelMenu.tsx'
import { PictureDialog } from './PictureDialog.tsx'
import { SettingsPanel } from './SettingsPanel.tsx'
import { Teach } from './Teach.tsx'
import { Spoken } from './Toasts.tsx'

export function App() {
  return (
    <>
      <Header />
      <main class="main">{mode.value === 'chat' ? <Chat /> : <Teach />}</main>
      <ModelMenu />
      <SettingsPanel />
      <DevicePanel />
      <CameraDialog />
      <PictureDialog />
      <Spoken />
      {dragging.value && (
        <div class={`drop-target in-${mode.value}`}>
          {mode.value === 'chat'
            ? 'Drop images to ask about them, or a model folder to load it'
            : 'Drop pictures, folders of them, or a data file with its pictures'}
        </div>
      )}
    </>
  )
}
