import { examples } from '../../store/examples.ts'

export function TrainPanel() {
  const count = examples.value.length
  return (
    <section class="panel" aria-labelledby="train-title">
      <h2 id="train-title">Train</h2>
      <p class="hint">{count === 0 ? 'Add examples first.' : `${count} examples.`}</p>
    </section>
  )
}
