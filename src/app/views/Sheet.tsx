import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { openPanel, type Panel } from '../store/panels.ts'
import { Icon } from './Icon.tsx'

const close = () => {
  openPanel.value = undefined
}

/** A modal dialog: at the side on wide screens, from below on phones. Esc and a click beside it close it. */
export function Sheet({ name, title, children }: { name: Panel; title: string; children: () => ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = openPanel.value === name
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes the dialog by itself
    <dialog
      ref={dialog}
      class={`sheet sheet-${name}`}
      aria-labelledby={`${name}-title`}
      onClose={() => openPanel.peek() === name && close()}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {open && (
        <div class="sheet-inner">
          <header class="sheet-header">
            <h2 id={`${name}-title`}>{title}</h2>
            <button type="button" class="icon-button" aria-label="Close" onClick={close}>
              <Icon name="close" />
            </button>
          </header>
          <div class="sheet-body">{children()}</div>
        </div>
      )}
    </dialog>
  )
}
