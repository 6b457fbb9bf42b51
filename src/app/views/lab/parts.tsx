import type { Bench } from '../../store/lab.ts'
import type { ExportFormat } from '../../store/labExport.ts'
import { Icon } from '../Icon.tsx'

/** A share as a line; the figure beside it says the same. */
export function Bar({ share }: { share: number }) {
  return (
    <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width={100} height={4} />
      <rect class="bar-part" width={Math.max(0, Math.min(100, 100 * share)) || 0} height={4} />
    </svg>
  )
}

/** With which model, on which machine and when. */
export function Where({ bench: { model, device, at } }: { bench: Bench }) {
  const when = new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <p class="hint">
      {model.label}, {model.weights} · {device} · {when}
    </p>
  )
}

export function ExportButtons({ what, onExport }: { what: string; onExport: (format: ExportFormat) => void }) {
  return (
    <div class="button-row export-buttons">
      {(['csv', 'json'] as const).map((format) => (
        <button
          key={format}
          type="button"
          class="button"
          aria-label={`Save the ${what} as ${format.toUpperCase()}`}
          onClick={() => onExport(format)}
        >
          <Icon name="save" />
          {format.toUpperCase()}
        </button>
      ))}
    </div>
  )
}
