import { examples } from '../../../store/examples.ts'

export function Examples() {
  return (
    <section class="panel" aria-labelledby="examples-title">
      <h2 id="examples-title">Examples</h2>
      <p class="hint">{examples.value.length}</p>
    </section>
  )
}
