import type { TeachSettings } from '../teachApi.ts'

export type ScheduleSettings = Pick<TeachSettings, 'learningRate' | 'minLearningRate' | 'schedule' | 'warmup'>

/**
 * Learning rate of optimizer step `step` (1 to `steps`). With s = step - 1, w = `warmup` and p = (s - w) / max(1, steps - w):
 *
 *   s < w      min + (peak - min) · s / w
 *   constant   peak
 *   linear     min + (peak - min) · (1 - p)
 *   cosine     min + (peak - min) · (1 + cos πp) / 2
 *
 * With a minimum of 0 these are transformers' `get_{constant,linear,cosine}_schedule_with_warmup`, whose first step of a warm-up has
 * a rate of 0; with another minimum the warm-up begins there, as in Honeybee (arXiv:2312.06742).
 */
export function learningRateAt(step: number, steps: number, settings: ScheduleSettings): number {
  const { learningRate: peak, minLearningRate: least, schedule, warmup } = settings
  const done = step - 1
  return least + (peak - least) * (done < warmup ? done / warmup : decay(schedule, done - warmup, steps - warmup))
}

/** The share of the peak's height above the minimum that is left after `done` of `all` steps of decay. */
function decay(schedule: TeachSettings['schedule'], done: number, all: number): number {
  if (schedule === 'constant') return 1
  const part = done / Math.max(1, all)
  return schedule === 'linear' ? 1 - part : (1 + Math.cos(Math.PI * part)) / 2
}
