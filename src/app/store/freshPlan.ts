import { effect } from '@preact/signals'
import { PageError } from '../protocol.ts'
import { client, modelState } from './model.ts'
import { form, freshOf, freshPlan } from './trainingSettings.ts'

/** Asks the model what the fresh projector of the form would be, whenever either changes, until the returned function is called. */
export function followPlan(): () => void {
  let latest = 0
  let asked = ''
  return effect(() => {
    const state = modelState.value
    const fresh = state.kind === 'ready' ? freshOf(form.value) : undefined
    const question = state.kind === 'ready' && fresh ? `${state.info.origin} ${JSON.stringify(fresh)}` : ''
    if (question === asked) return
    asked = question
    const turn = ++latest
    if (!fresh) {
      freshPlan.value = undefined
      return
    }
    client()
      .planProjector(fresh)
      .then(
        (plan) => {
          if (turn === latest) freshPlan.value = plan
        },
        (error: unknown) => {
          if (!(error instanceof PageError)) throw error
          if (turn === latest) freshPlan.value = { sizes: {}, problems: { type: error.message }, positions: 0 }
        },
      )
  })
}
