import { signal, useSignalEffect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { running, turns } from '../store/conversation.ts'
import { modelState } from '../store/model.ts'
import { Icon } from './Icon.tsx'

const NEAR_END_PX = 120
const away = signal(false)
let scroller: HTMLElement | null = null

function scrollToEnd(): void {
  scroller?.scrollTo({ top: scroller.scrollHeight })
}

/** What scrolls between header and question box. It follows a growing answer while its end is in sight, and never pulls a reader who scrolled up. */
export function Scroller({ children }: { children: ComponentChildren }) {
  const element = useRef<HTMLDivElement>(null)
  const count = turns.value.length
  const failed = modelState.value.kind === 'failed'
  useEffect(() => {
    scroller = element.current
  }, [])
  useSignalEffect(() => {
    void turns.value.at(-1)?.answer.value
    if (!away.peek()) requestAnimationFrame(scrollToEnd)
  })
  useEffect(() => {
    away.value = false
    requestAnimationFrame(scrollToEnd)
  }, [count, failed])
  return (
    <div
      ref={element}
      class="scroller"
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        away.value = scrollHeight - scrollTop - clientHeight > NEAR_END_PX
      }}
    >
      <div class="column">{children}</div>
    </div>
  )
}

export function JumpToEnd() {
  if (!away.value || turns.value.length === 0) return null
  return (
    <button type="button" class="jump" onClick={scrollToEnd}>
      <Icon name="down" />
      {running.value ? 'Follow the answer' : 'Latest answer'}
    </button>
  )
}
