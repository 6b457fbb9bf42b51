import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { closeCamera, explainCamera, openCamera } from '../camera.ts'
import { Icon } from './Icon.tsx'

/** The camera's picture with what is laid over it and the buttons below; it is closed with the view. */
export function Viewfinder({
  over,
  children,
}: {
  over?: ComponentChildren
  children: (video: () => HTMLVideoElement, live: boolean) => ComponentChildren
}) {
  const video = useRef<HTMLVideoElement>(null)
  const [facing, setFacing] = useState<'environment' | 'user'>('environment')
  const [problem, setProblem] = useState('')
  const [live, setLive] = useState(false)

  useEffect(() => {
    let stream: MediaStream | undefined
    let gone = false
    openCamera(facing).then(
      (opened) => {
        if (gone) return closeCamera(opened)
        stream = opened
        if (video.current) video.current.srcObject = opened
      },
      (error: unknown) => setProblem(explainCamera(error)),
    )
    return () => {
      gone = true
      if (stream) closeCamera(stream)
    }
  }, [facing])

  return (
    <div class="camera">
      {problem ? (
        <p class="answer-problem" role="alert">
          <Icon name="warning" />
          <span>{problem}</span>
        </p>
      ) : (
        <div class="camera-view">
          <video ref={video} autoplay playsInline muted aria-label="Camera" onPlaying={() => setLive(true)} />
          {over}
        </div>
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
        {children(() => video.current!, live)}
      </div>
    </div>
  )
}
