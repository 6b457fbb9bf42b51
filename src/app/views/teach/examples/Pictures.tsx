import { useEffect } from 'preact/hooks'
import { itemsOf } from '../../../store/examples.ts'
import {
  found,
  openGroup,
  page,
  pageCount,
  perPage,
  query,
  search,
  selected,
  selectFound,
  shown,
  shownPage,
} from '../../../store/examplesView.ts'
import { Icon } from '../../Icon.tsx'
import { ExampleCard } from './ExampleCard.tsx'
import { SelectionBar } from './SelectionBar.tsx'

/** Where the training stands beside the pictures and not below them. */
const beside = matchMedia('(min-width: 60rem)')

/** The pictures of the open group, or all: search, selection and one page of them. */
export function Pictures() {
  useEffect(() => {
    const size = () => {
      perPage.value = beside.matches ? 30 : 12
    }
    size()
    beside.addEventListener('change', size)
    return () => beside.removeEventListener('change', size)
  }, [])
  const count = found.value.length
  const searchable = count > 6 || query.value !== ''
  if (openGroup.value !== undefined && (itemsOf.value.get(openGroup.value)?.length ?? 0) === 0) {
    return <p class="hint pictures-none">No pictures yet. Drop, paste or add some: they join this group.</p>
  }
  return (
    <div class="example-list">
      {searchable && (
        <div class="examples-tools">
          <label class="search">
            <Icon name="search" />
            <input
              type="search"
              aria-label="Search names, questions and answers"
              placeholder="Search"
              value={query.value}
              onInput={({ currentTarget }) => search(currentTarget.value)}
            />
          </label>
          {count > 0 && selected.value.size === 0 && (
            <button type="button" class="text-button" onClick={() => selectFound(true)}>
              Select all {count.toLocaleString('en')}
            </button>
          )}
        </div>
      )}
      <SelectionBar />
      <p class="visually-hidden" role="status">
        {query.value === '' ? '' : `${count} found`}
      </p>
      {count === 0 && <p class="hint pictures-none">Nothing matches “{query.value}”.</p>}
      <ul class="example-grid" aria-label="Pictures">
        {shown.value.map((item) => (
          <ExampleCard key={item.id} item={item} />
        ))}
      </ul>
      <Pager />
    </div>
  )
}

function Pager() {
  if (pageCount.value === 1) return null
  const at = shownPage.value
  const turn = (to: number) => {
    page.value = to
  }
  return (
    <nav class="pager" aria-label="Pages of pictures">
      <button
        type="button"
        class="icon-button"
        aria-label="Previous page"
        disabled={at === 0}
        onClick={() => turn(at - 1)}
      >
        <Icon name="back" />
      </button>
      <span class="pager-place">
        Page
        <select aria-label="Page" value={at} onChange={({ currentTarget }) => turn(Number(currentTarget.value))}>
          {Array.from({ length: pageCount.value }, (_, number) => (
            <option key={number} value={number}>
              {number + 1}
            </option>
          ))}
        </select>
        of {pageCount.value}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label="Next page"
        disabled={at === pageCount.value - 1}
        onClick={() => turn(at + 1)}
      >
        <Icon name="next" />
      </button>
    </nav>
  )
}
