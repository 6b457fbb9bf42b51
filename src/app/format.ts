/** 1536 → "1.5 kB", in powers of 1000 as browsers' download lists do. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(value >= 9.95 ? 3 : 2)} ${units[unit]}`
}

/** 0.4 ms, 41 ms, 1.8 s, 2 min 5 s. */
export function formatMs(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** Time left, as people say it. */
export function formatLeft(seconds: number): string {
  if (seconds < 1.5) return 'a second left'
  if (seconds < 60) return `${Math.round(seconds)} s left`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min left`
  return `${(seconds / 3600).toFixed(1)} h left`
}

/** A rough time, as people say it before they know. */
export function formatAbout(seconds: number): string {
  if (seconds < 45) return 'less than a minute'
  if (seconds < 5400) return `about ${plural(Math.round(seconds / 60), 'minute')}`
  return `about ${plural(Math.round(seconds / 3600), 'hour')}`
}

/** 1 step, 2 steps. */
export const plural = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

/** 0.7512 → "75 %", which no line break parts. */
export const formatShare = (share: number): string => `${Math.round(100 * share)}\u00a0%`

/** 4700000 → "4.7 M". */
export function formatCount(count: number): string {
  if (count < 1000) return String(count)
  if (count < 999_500) return `${(count / 1000).toPrecision(3)} k`
  if (count < 999.5e6) return `${(count / 1e6).toPrecision(3)} M`
  return `${(count / 1e9).toPrecision(3)} B`
}

export const formatRate = (perSecond: number): string =>
  perSecond >= 9.95 ? perSecond.toFixed(0) : perSecond.toFixed(1)
