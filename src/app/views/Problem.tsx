import { adviceFor } from '../advice.ts'
import { embedded, isEmbedded, loadModel, modelState, reload } from '../store/model.ts'
import { openPanel } from '../store/panels.ts'
import { Icon } from './Icon.tsx'

/** Why no model is loaded, and what to do about it. */
export function Problem() {
  const state = modelState.value
  if (state.kind !== 'failed') return null
  const { error, choice } = state
  const { title, steps, offers } = adviceFor(error.code, isSecureContext)
  const buttons = {
    retry: { label: 'Load again', run: () => void reload(), shown: true },
    smaller: { label: 'Load as q4', run: () => void reload('q4'), shown: choice.weights !== 'q4' },
    embedded: {
      label: 'Use the embedded model',
      run: () => void loadModel(embedded()),
      shown: !isEmbedded(choice.source),
    },
    choose: {
      label: 'Open the model menu',
      run: () => {
        openPanel.value = 'model'
      },
      shown: true,
    },
  }
  return (
    <section class="problem" role="alert" aria-labelledby="problem-title">
      <Icon name="warning" />
      <div>
        <h2 id="problem-title">{title}</h2>
        <p class="problem-message">{error.message}</p>
        {steps.length > 0 && (
          <ul>
            {steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        )}
        <div class="problem-actions">
          {offers
            .map((offer) => buttons[offer])
            .filter(({ shown }) => shown)
            .map(({ label, run }, index) => (
              <button key={label} type="button" class={`button ${index === 0 ? 'is-primary' : ''}`} onClick={run}>
                {label}
              </button>
            ))}
        </div>
      </div>
    </section>
  )
}
