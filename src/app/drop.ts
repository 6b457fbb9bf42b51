import { signal } from '@preact/signals'
import type { ModelSource } from '../api.ts'
import { type Mode, mode } from './store/mode.ts'

/** Whether files are being dragged over the page. */
export const dragging = signal(false)

/** A file and its path within what was dropped; a folder's own name is its first part. */
export interface DroppedFile {
  path: string
  file: File
}

export interface Dropped {
  /** All but a model's. */
  files: DroppedFile[]
  /** A dropped model folder, or loose model files. */
  model?: { source: ModelSource; label: string }
  /** The part of the page that was in sight. */
  mode: Mode
  /** What it was dropped on. */
  on?: Element
}

const isModelFile = ({ name }: File) => /\.(safetensors|json|jinja|model)$/.test(name)
const isWeights = ({ name }: File) => name.endsWith('.safetensors')
const isConfig = ({ name }: File) => name === 'config.json'

/**
 * Sorts what was dropped or pasted into a model and other files. For the chat, any folder and any weights are a model; elsewhere
 * a model has weights and a config.json. Must be called within the event: browsers empty it afterwards.
 */
export async function readDropped(transfer: DataTransfer, where: Mode): Promise<Dropped> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file')
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? undefined)
  const loose = items.flatMap((item, index) => (entries[index]?.isDirectory ? [] : (item.getAsFile() ?? [])))
  const folders = entries.filter((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory === true)
  const inFolders = await Promise.all(folders.map((folder) => filesIn(folder, where !== 'chat')))

  const isModel = (files: File[]) => files.some(isWeights) && (where === 'chat' || files.some(isConfig))
  const asFolder = folders.findIndex((_, index) => where === 'chat' || isModel(topFiles(inFolders[index]!)))
  const others = inFolders.filter((_, index) => index !== asFolder).flat()
  if (asFolder >= 0) {
    const { name } = folders[asFolder]!
    const source: ModelSource = { kind: 'files', files: topFiles(inFolders[asFolder]!), name }
    return { files: [...others, ...loose.map(alone)], model: { source, label: name }, mode: where }
  }
  const modelFiles = loose.filter(isModelFile)
  if (!isModel(modelFiles)) return { files: [...others, ...loose.map(alone)], mode: where }
  const source: ModelSource = { kind: 'files', files: modelFiles, name: 'Dropped files' }
  const rest = loose.filter((file) => !isModelFile(file))
  return { files: [...others, ...rest.map(alone)], model: { source, label: 'Dropped files' }, mode: where }
}

const alone = (file: File): DroppedFile => ({ path: file.name, file })

const topFiles = (files: DroppedFile[]): File[] =>
  files.filter(({ path }) => path.split('/').length === 2).map(({ file }) => file)

async function filesIn(folder: FileSystemDirectoryEntry, deep: boolean, path = folder.name): Promise<DroppedFile[]> {
  const reader = folder.createReader()
  const files: DroppedFile[] = []
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (entries.length === 0) return files
    for (const entry of entries) {
      const inside = `${path}/${entry.name}`
      if (entry.isFile) {
        const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
        files.push({ path: inside, file })
      } else if (deep) files.push(...(await filesIn(entry as FileSystemDirectoryEntry, deep, inside)))
    }
  }
}

/** Weights that came without a model: a projector by itself. */
export const isProjector = ({ file }: DroppedFile): boolean => isWeights(file)

/** Watches the whole page for drops and pastes. */
export function watchDrops(onDropped: (dropped: Dropped) => void): void {
  let depth = 0
  const withFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
  const show = (change: number) => {
    depth = Math.max(0, depth + change)
    dragging.value = depth > 0
  }
  addEventListener('dragenter', (event) => withFiles(event) && show(1))
  addEventListener('dragleave', (event) => withFiles(event) && show(-1))
  addEventListener('dragover', (event) => withFiles(event) && event.preventDefault())
  addEventListener('drop', (event) => {
    show(-depth)
    if (!event.dataTransfer || !withFiles(event)) return
    event.preventDefault()
    const on = event.target instanceof Element ? event.target : undefined
    void readDropped(event.dataTransfer, mode.peek()).then((dropped) => onDropped({ ...dropped, on }))
  })
  addEventListener('paste', (event) => {
    const { clipboardData } = event
    if (!clipboardData?.files.length || clipboardData.types.includes('text/plain')) return
    event.preventDefault()
    void readDropped(clipboardData, mode.peek()).then(onDropped)
  })
}
