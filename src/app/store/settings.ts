import { effect } from '@preact/signals'
import type { WeightStorage } from '../../api.ts'
import type { WireChatOptions } from '../protocol.ts'
import { persisted } from './persisted.ts'

export type Theme = 'system' | 'light' | 'dark'

/** Sampling as the user set it; null leaves the choice to the checkpoint's generation_config. */
export interface Sampling {
  temperature: number | null
  topK: number | null
  topP: number | null
  minP: number | null
  repetitionPenalty: number | null
  seed: number | null
  maxNewTokens: number | null
}

export const unsetSampling: Sampling = {
  temperature: null,
  topK: null,
  topP: null,
  minP: null,
  repetitionPenalty: null,
  seed: null,
  maxNewTokens: null,
}

export const sampling = persisted<Sampling>('beagle.sampling', unsetSampling)
export const preferences = persisted<{ theme: Theme; weights: WeightStorage }>('beagle.preferences', {
  theme: 'system',
  weights: 'q4',
})

/** The options of one answer. Without a seed of the user's own, each answer draws a new one. */
export function chatOptions(settings: Sampling): WireChatOptions {
  const options: WireChatOptions = {}
  for (const name of Object.keys(unsetSampling) as (keyof Sampling)[]) {
    const value = settings[name]
    if (value !== null) options[name] = value
  }
  options.seed ??= crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1
  return options
}

/** Shows the chosen theme by `data-theme` on the root; `system` leaves it to the media query. */
export function applyTheme(): void {
  effect(() => {
    const { theme } = preferences.value
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
  })
}
