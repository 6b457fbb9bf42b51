import { announcement, dismissToast, toasts } from '../store/panels.ts'
import { Icon } from './Icon.tsx'

/** Short messages above the question box. */
export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, tone, text, action }) => (
        <div key={id} class={`toast is-${tone}`}>
          <span>{text}</span>
          {action && (
            <button
              type="button"
              class="text-button"
              onClick={() => {
                dismissToast(id)
                action.run()
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="icon-button small" aria-label="Dismiss" onClick={() => dismissToast(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}

/** What screen readers say, politely, once it is complete. */
export function Spoken() {
  return (
    <aside class="visually-hidden" aria-label="Announcements">
      <p role="status">{announcement.value}</p>
    </aside>
  )
}
