import { useEffect, useRef } from 'preact/hooks'
import { ask, busy, draft, stop } from '../store/conversation.ts'
import { modelState } from '../store/model.ts'
import { openPanel } from '../store/panels.ts'
import { attach, attached } from '../store/pictures.ts'
import { Icon } from './Icon.tsx'
import { ProjectorSwitch } from './ProjectorSwitch.tsx'
import { JumpToEnd } from './Scroller.tsx'
import { StatusLine } from './StatusLine.tsx'
import { Suggestions } from './Suggestions.tsx'
import { Thumbnails } from './Thumbnails.tsx'
import { Toasts } from './Toasts.tsx'

/** The question box: pictures, text, and the button that sends or stops. */
export function Composer() {
  const box = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) box.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    const area = box.current
    if (!area) return
    area.style.blockSize = 'auto'
    area.style.blockSize = `${area.scrollHeight}px`
  }, [draft.value])

  const send = () => {
    ask()
    box.current?.focus({ preventScroll: true })
  }
  return (
    <section class="dock column" aria-label="Your question">
      <div class="above-dock">
        <JumpToEnd />
        <Toasts />
      </div>
      <Suggestions />
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <Thumbnails />
        <textarea
          ref={box}
          rows={1}
          dir="auto"
          aria-label="Ask about the image"
          placeholder={attached.value.length > 0 ? 'Ask about the image' : 'Ask something, or drop an image'}
          value={draft.value}
          onInput={(event) => {
            draft.value = event.currentTarget.value
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            send()
          }}
        />
        <div class="composer-bar">
          <AttachButtons />
          <ProjectorSwitch />
          <SendOrStop />
        </div>
      </form>
      <StatusLine />
    </section>
  )
}

function AttachButtons() {
  const picker = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={picker}
        type="file"
        accept="image/*"
        multiple
        hidden
        aria-label="Choose images"
        onChange={(event) => {
          void attach([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }}
      />
      <button
        type="button"
        class="icon-button"
        aria-label="Add images"
        title="Add images"
        onClick={() => picker.current?.click()}
      >
        <Icon name="image" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Take a photo"
        title="Take a photo"
        aria-haspopup="dialog"
        onClick={() => {
          openPanel.value = 'camera'
        }}
      >
        <Icon name="camera" />
      </button>
    </>
  )
}

function SendOrStop() {
  if (busy.value) {
    return (
      <button type="button" class="send-button is-stop" aria-label="Stop" title="Stop (Esc)" onClick={stop}>
        <Icon name="stop" />
      </button>
    )
  }
  const empty = draft.value.trim() === '' && attached.value.length === 0
  return (
    <button
      type="submit"
      class="send-button"
      aria-label="Send"
      title="Send (Enter)"
      disabled={empty || modelState.value.kind === 'failed'}
    >
      <Icon name="send" />
    </button>
  )
}
