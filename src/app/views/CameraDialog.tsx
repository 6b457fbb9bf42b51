import { photograph } from '../camera.ts'
import { openPanel } from '../store/panels.ts'
import { attach } from '../store/pictures.ts'
import { Icon } from './Icon.tsx'
import { Sheet } from './Sheet.tsx'
import { Viewfinder } from './Viewfinder.tsx'

export function CameraDialog() {
  const shoot = async (video: HTMLVideoElement) => {
    const blob = await photograph(video)
    openPanel.value = undefined
    await attach([blob], { name: 'Photo', alt: 'Photo from the camera' })
  }
  return (
    <Sheet name="camera" title="Take a photo">
      {() => (
        <Viewfinder>
          {(video, live) => (
            <button type="button" class="button is-primary" disabled={!live} onClick={() => void shoot(video())}>
              <Icon name="camera" />
              Take photo
            </button>
          )}
        </Viewfinder>
      )}
    </Sheet>
  )
}
