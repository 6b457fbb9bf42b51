import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Takes the focus when it would be nowhere: what was just pressed has made way for this element. */
export function useFocusLeft<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null)
  useEffect(() => {
    const { activeElement } = document
    if (!activeElement || activeElement === document.body) element.current?.focus({ preventScroll: true })
  }, [])
  return element
}
