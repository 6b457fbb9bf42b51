import { useRef } from 'preact/hooks'
import type { ModelSource } from '../../api.ts'
import { loadModel } from '../store/model.ts'
import { openPanel } from '../store/panels.ts'
import { preferences } from '../store/settings.ts'
import { Icon } from './Icon.tsx'

declare global {
  interface Window {
    showDirectoryPicker?: (options?: { mode?: 'read' }) => Promise<FileSystemDirectoryHandle>
  }
}

export function loadFolder(source: ModelSource, label: string): void {
  openPanel.value = undefined
  void loadModel({ source, label, weights: preferences.peek().weights })
}

/** A model folder on this device: the File System Access picker where there is one, else a folder input. */
export function FolderButton() {
  const input = useRef<HTMLInputElement>(null)
  const choose = async () => {
    if (!window.showDirectoryPicker) return input.current?.click()
    try {
      const handle = await window.showDirectoryPicker({ mode: 'read' })
      loadFolder({ kind: 'directory', handle }, handle.name)
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) input.current?.click()
    }
  }
  return (
    <div class="folder-row">
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label="Model folder"
        {...{ webkitdirectory: true }}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])]
          const label = files[0]?.webkitRelativePath.split('/')[0] || 'Folder'
          if (files.length > 0) loadFolder({ kind: 'files', files, name: label }, label)
        }}
      />
      <button type="button" class="button" onClick={() => void choose()}>
        <Icon name="folder" />
        Open a folder
      </button>
      <p class="hint">Or drop a model folder anywhere on the page.</p>
    </div>
  )
}
