import { useState } from 'preact/hooks'
import { loadModel } from '../store/model.ts'
import { openPanel } from '../store/panels.ts'
import { preferences } from '../store/settings.ts'

/** A model by its hub id, with host, revision and token for those who need them. The token is not kept. */
export function HubForm() {
  const [problem, setProblem] = useState('')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const field = (name: string) => String(fields.get(name) ?? '').trim() || undefined
    const id = field('id') ?? ''
    if (!/^[\w.-]+\/[\w.-]+$/.test(id)) {
      setProblem('A hub id is an owner and a name, like llava-hf/llava-interleave-qwen-0.5b-hf.')
      return
    }
    setProblem('')
    openPanel.value = undefined
    const source = { kind: 'hub' as const, id, revision: field('revision'), host: field('host'), token: field('token') }
    void loadModel({ source, label: id, weights: preferences.peek().weights })
  }
  return (
    <form class="load-form" onSubmit={submit} noValidate>
      <label class="field">
        <span>Hub id</span>
        <span class="field-row">
          <input
            name="id"
            type="text"
            placeholder="owner/name"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-invalid={problem !== ''}
            aria-describedby="hub-problem"
          />
          <button type="submit" class="button is-primary">
            Load
          </button>
        </span>
      </label>
      <p id="hub-problem" class="field-problem" role="alert">
        {problem}
      </p>
      <details class="advanced">
        <summary>Host and access</summary>
        <label class="field">
          <span>Host</span>
          <input name="host" type="url" placeholder="https://huggingface.co" autocomplete="off" />
        </label>
        <label class="field">
          <span>Revision</span>
          <input name="revision" type="text" placeholder="main" autocomplete="off" />
        </label>
        <label class="field">
          <span>Access token</span>
          <input name="token" type="password" autocomplete="off" />
        </label>
      </details>
    </form>
  )
}
