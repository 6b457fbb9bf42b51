import { useState } from 'preact/hooks'
import { loadModel } from '../store/model.ts'
import { openPanel } from '../store/panels.ts'
import { preferences } from '../store/settings.ts'

/** A model folder at any address that allows other pages to read it. */
export function UrlForm() {
  const [problem, setProblem] = useState('')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('url')).trim()
    const url = URL.parse(text)
    if (!url || !/^https?:$/.test(url.protocol)) {
      setProblem('An address starts with https:// and names the folder that holds config.json.')
      return
    }
    setProblem('')
    openPanel.value = undefined
    const label = url.pathname.split('/').filter(Boolean).at(-1) ?? url.host
    void loadModel({ source: { kind: 'url', url: url.href }, label, weights: preferences.peek().weights })
  }
  return (
    <form class="load-form" onSubmit={submit} noValidate>
      <label class="field">
        <span>Address of a model folder</span>
        <span class="field-row">
          <input
            name="url"
            type="url"
            placeholder="https://…"
            autocomplete="off"
            aria-invalid={problem !== ''}
            aria-describedby="url-problem"
          />
          <button type="submit" class="button">
            Load
          </button>
        </span>
      </label>
      <p id="url-problem" class="field-problem" role="alert">
        {problem}
      </p>
    </form>
  )
}
