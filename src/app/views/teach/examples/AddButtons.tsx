import { useRef } from 'preact/hooks'
import { groupOf } from '../../../store/examples.ts'
import { addFiles } from '../../../store/examplesRead.ts'
import { openGroup } from '../../../store/examplesView.ts'
import { openPanel } from '../../../store/panels.ts'
import { Icon } from '../../Icon.tsx'

const READABLE = 'image/*,.json,.jsonl,.ndjson,.csv,.tsv'

/** Ways to add pictures besides dropping and pasting. */
export function AddButtons() {
  const into = groupOf.value.get(openGroup.value ?? '')
  const target = into ? ` to ${into.name.trim() || 'this group'}` : ''
  return (
    <div class="add-buttons">
      <FileButton icon="plus" label="Pictures" title={`Add pictures or a data file${target}`} accept={READABLE} />
      <FileButton icon="folder" label="Folder" title="Add a folder: the folders in it become groups" folder />
      <button
        type="button"
        class="button"
        aria-label={`Take pictures with the camera${target}`}
        title={`Take pictures with the camera${target}`}
        aria-haspopup="dialog"
        onClick={() => {
          openPanel.value = 'burst'
        }}
      >
        <Icon name="camera" />
        Camera
      </button>
      <p class="hint add-hint">or drop and paste anywhere</p>
    </div>
  )
}

export function FileButton({
  icon,
  label,
  title,
  accept,
  folder = false,
}: {
  icon: 'plus' | 'folder'
  label: string
  title: string
  accept?: string
  folder?: boolean
}) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={accept}
        aria-label={title}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])]
          currentTarget.value = ''
          if (files.length > 0)
            void addFiles(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })))
        }}
      />
      <button type="button" class="button" title={title} onClick={() => input.current?.click()}>
        <Icon name={icon} />
        {label}
      </button>
    </>
  )
}
