import { signal } from '@preact/signals'
import type { ModelSource } from '../api.ts'

/** Whether files are being dragged over the page. */
export const dragging = signal(false)

export interface Dropped {
  images: File[]
  /** A dropped folder, or loose model files. */
  model?: { source: ModelSource; label: string }
}

const isModelFile = ({ name }: File) => /\.(safetensors|json|jinja|model)$/.test(name)

/** Sorts what was dropped or pasted into images and a model. Must be called within the event: browsers empty it afterwards. */
export async function readDropped(transfer: DataTransfer): Promise<Dropped> {
  const folders = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory)
  const files = [...transfer.files]
  const folder = folders[0] as FileSystemDirectoryEntry | undefined
  if (folder) {
    const inside = await filesIn(folder)
    return { images: [], model: { source: { kind: 'files', files: inside, name: folder.name }, label: folder.name } }
  }
  const modelFiles = files.filter(isModelFile)
  const images = files.filter((file) => !isModelFile(file))
  if (!modelFiles.some(({ name }) => name.endsWith('.safetensors'))) return { images: files }
  return {
    images,
    model: { source: { kind: 'files', files: modelFiles, name: 'Dropped files' }, label: 'Dropped files' },
  }
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader()
  const files: File[] = []
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (entries.length === 0) return files
    for (const entry of entries) {
      if (!entry.isFile) continue
      files.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)))
    }
  }
}

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
    void readDropped(event.dataTransfer).then(onDropped)
  })
  addEventListener('paste', (event) => {
    const { clipboardData } = event
    if (!clipboardData?.files.length || clipboardData.types.includes('text/plain')) return
    event.preventDefault()
    void readDropped(clipboardData).then(onDropped)
  })
}
