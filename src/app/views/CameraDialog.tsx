import { useEffect, useRef, useState } from 'preact/hooks'
import { openPanel } from '../store/panels.ts'
import { attach } from '../store/pictures.ts'
import { Icon } from './Icon.tsx'
import { Sheet } from './Sheet.tsx'

export function CameraDialog() {
  return (
    <Sheet name="camera" title="Take a photo">
      {() => <Viewfinder />}
    </Sheet>
  )
}

function Viewfinder() {
  const video = useRef<HTMLVideoElement>(null)
  const [facing, setFacing] = useState<'environment' | 'user'>('environment')
  const [problem, setProblem] = useState('')
  const [live, setLive] = useState(false)

  useEffect(() => {
    let stream: MediaStream | undefined
    let gone = false
    openCamera(facing).then(
      (opened) => {
        if (gone) return close(opened)
        stream = opened
        if (video.current) video.current.srcObject = opened
      },
      (error: unknown) => setProblem(explain(error)),
    )
    return () => {
      gone = true
      if (stream) close(stream)
    }
  }, [facing])

  const shoot = async () => {
    const source = video.current
    if (!source) return
    const canvas = new OffscreenCanvas(source.videoWidth, source.videoHeight)
    canvas.getContext('2d')?.drawImage(source, 0, 0)
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
    openPanel.value = undefined
    await attach([blob], { name: 'Photo', alt: 'Photo from the camera' })
  }

  return (
    <div class="camera">
      {problem ? (
        <p class="answer-problem" role="alert">
          <Icon name="warning" />
          <span>{problem}</span>
        </p>
      ) : (
        <video ref={video} autoplay playsInline muted aria-label="Camera" onPlaying={() => setLive(true)} />
      )}
      <div class="camera-actions">
        <button
          type="button"
          class="button"
          disabled={!live}
          onClick={() => setFacing(facing === 'user' ? 'environment' : 'user')}
        >
          <Icon name="flip" />
          Other camera
        </button>
        <button type="button" class="button is-primary" disabled={!live} onClick={() => void shoot()}>
          <Icon name="camera" />
          Take photo
        </button>
      </div>
    </div>
  )
}

function openCamera(facingMode: string): Promise<MediaStream> {
  if (!navigator.mediaDevices) return Promise.reject(new DOMException('', 'SecurityError'))
  return navigator.mediaDevices.getUserMedia({ video: { facingMode, width: { ideal: 1280 } }, audio: false })
}

function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

function explain(error: unknown): string {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError')
    return 'The camera was not allowed. Allow it for this page in the address bar, then open this again.'
  if (name === 'NotFoundError') return 'No camera was found. Connect one, or add an image file instead.'
  if (name === 'NotReadableError') return 'The camera is in use by another program. Close that, then open this again.'
  if (name === 'SecurityError') return 'Browsers give the camera only to pages from https:// or localhost.'
  return `The camera could not be opened: ${error instanceof Error ? error.message : String(error)}`
}
