import type { ProjectorType } from '../teachApi.ts'

/** What people call the types of projectors. */
export const projectorLabels: Record<ProjectorType, string> = {
  linear: 'linear',
  mlp2x_gelu: 'MLP (LLaVA)',
  mlp: 'MLP (Honeybee)',
  'c-abs': 'C-Abstractor',
  'd-abs': 'D-Abstractor',
  resampler: 'resampler',
  'q-former': 'Q-Former',
}

export const projectorLabel = (type: string): string => projectorLabels[type as ProjectorType] ?? type
