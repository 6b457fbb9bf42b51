import { useEffect, useState } from 'preact/hooks'
import type { LessonPicture } from '../../../store/examples.ts'

/** A picture by an address that lives as long as it is shown. */
export function Thumb({
  picture,
  alt = '',
  class: name = 'thumb',
}: {
  picture: LessonPicture
  alt?: string
  class?: string
}) {
  const [url, setUrl] = useState<string | undefined>(undefined)
  useEffect(() => {
    const made = URL.createObjectURL(picture.blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [picture])
  return <img class={name} src={url} alt={alt} loading="lazy" decoding="async" draggable={false} />
}
