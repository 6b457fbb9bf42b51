import type { Group } from '../../../store/examples.ts'

const NEW = 'new'

/** A group out of the list, or a new one (undefined). Without a `value` it is a command that names itself. */
export function GroupSelect({
  label,
  groups,
  value,
  onChange,
}: {
  label: string
  groups: Group[]
  value?: string
  onChange: (group: string | undefined) => void
}) {
  return (
    <select
      class="button group-select"
      aria-label={label}
      value={value ?? ''}
      onChange={({ currentTarget }) => {
        const chosen = currentTarget.value
        currentTarget.value = value ?? ''
        if (chosen !== '') onChange(chosen === NEW ? undefined : chosen)
      }}
    >
      {value === undefined && <option value="">{label} …</option>}
      {groups.map(({ id, name }) => (
        <option key={id} value={id}>
          {name.trim() || 'No name yet'}
        </option>
      ))}
      <option value={NEW}>New group</option>
    </select>
  )
}
