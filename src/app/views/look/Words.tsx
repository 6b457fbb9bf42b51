import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { StreamingMarkdown } from '../../markdown.ts'
import { type FoundWord, WordSearch, wordButtons } from '../../words.ts'

interface WordsProps {
  text: string
  chosen: FoundWord | undefined
  onChoose: (word: FoundWord) => void
}

const wordsIn = (element: Element | null) => [...(element?.querySelectorAll<HTMLButtonElement>('.word') ?? [])]

/** An answer whose words can be chosen: one stop for Tab, between them by the arrow keys. */
export function Words({ text, chosen, onChoose }: WordsProps) {
  const element = useRef<HTMLDivElement>(null)
  const blocks = useMemo(() => {
    const search = new WordSearch(text)
    return new StreamingMarkdown().update(text).map(({ start, html }) => ({ start, html: wordButtons(html, search) }))
  }, [text])
  useLayoutEffect(() => {
    const words = wordsIn(element.current)
    const at = words.findIndex(({ dataset }) => dataset.start === String(chosen?.start))
    words.forEach((word, i) => {
      word.ariaPressed = String(i === at)
      word.tabIndex = i === Math.max(0, at) ? 0 : -1
    })
  }, [blocks, chosen])
  const choose = ({ target }: Event) => {
    const word = (target as Element).closest<HTMLElement>('.word')
    if (!word) return
    onChoose({ word: word.textContent, start: Number(word.dataset.start), end: Number(word.dataset.end) })
  }
  return (
    <div
      ref={element}
      class="markdown is-choosable"
      dir="auto"
      role="toolbar"
      aria-label="Words of the answer; choose one to see where the model looked"
      onClick={choose}
      onKeyDown={move}
    >
      {blocks.map(({ start, html }) => (
        <div key={start} dangerouslySetInnerHTML={{ __html: html }} />
      ))}
    </div>
  )
}

function move(event: KeyboardEvent & { currentTarget: Element }): void {
  const words = wordsIn(event.currentTarget)
  const at = words.indexOf(document.activeElement as HTMLButtonElement)
  const last = words.length - 1
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[
    event.key
  ]
  const next = to === undefined || at < 0 ? undefined : words[Math.min(last, Math.max(0, to))]
  if (!next) return
  event.preventDefault()
  words[at]!.tabIndex = -1
  next.tabIndex = 0
  next.focus()
}
