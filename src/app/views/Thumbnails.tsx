import { attached, detach } from '../store/pictures.ts'
import { Icon } from './Icon.tsx'

/** The pictures that go with the next question. */
export function Thumbnails() {
  if (attached.value.length === 0) return null
  return (
    <ul class="thumbnails" aria-label="Attached images">
      {attached.value.map(({ id, url, alt, name }) => (
        <li key={id}>
          <img src={url} alt={alt} decoding="async" />
          <button type="button" class="thumbnail-remove" aria-label={`Remove ${name}`} onClick={() => detach(id)}>
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  )
}
