import { selected } from '../../../store/examplesView.ts'

const TYPE = 'application/x-beagle-examples'
let carried: ReadonlySet<string> | undefined

/** Begins to drag an example, together with the others where it is selected among them. */
export function dragItems(event: DragEvent, id: string): void {
  carried = selected.peek().has(id) ? selected.peek() : new Set([id])
  event.dataTransfer?.setData(TYPE, '')
}

/** The examples that a drag carries; nothing for files and text. */
export function draggedItems(event: DragEvent): ReadonlySet<string> | undefined {
  return event.dataTransfer?.types.includes(TYPE) ? carried : undefined
}
