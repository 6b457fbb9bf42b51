import { dragging } from '../drop.ts'
import { turns } from '../store/conversation.ts'
import { modelState } from '../store/model.ts'
import { CameraDialog } from './CameraDialog.tsx'
import { Composer } from './Composer.tsx'
import { Conversation } from './Conversation.tsx'
import { DevicePanel } from './DevicePanel.tsx'
import { Header } from './Header.tsx'
import { ModelMenu } from './ModelMenu.tsx'
import { PictureDialog } from './PictureDialog.tsx'
import { Problem } from './Problem.tsx'
import { Scroller } from './Scroller.tsx'
import { SettingsPanel } from './SettingsPanel.tsx'
import { Spoken } from './Toasts.tsx'
import { Welcome } from './Welcome.tsx'

export function App() {
  return (
    <>
      <Header />
      <main class="main">
        <Scroller>
          {turns.value.length > 0 && <Conversation />}
          <Problem />
          {turns.value.length === 0 && modelState.value.kind !== 'failed' && <Welcome />}
        </Scroller>
        <Composer />
      </main>
      <ModelMenu />
      <SettingsPanel />
      <DevicePanel />
      <CameraDialog />
      <PictureDialog />
      <Spoken />
      {dragging.value && <div class="drop-target">Drop images to ask about them, or a model folder to load it</div>}
    </>
  )
}
