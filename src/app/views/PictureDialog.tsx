import { enlarged } from '../store/pictures.ts'
import { Sheet } from './Sheet.tsx'

/** A picture of the conversation, as large as the window allows. */
export function PictureDialog() {
  const picture = enlarged.value
  return (
    <Sheet name="picture" title={picture?.name ?? 'Image'}>
      {() => picture && <img class="enlarged" src={picture.url} alt={picture.alt} />}
    </Sheet>
  )
}
