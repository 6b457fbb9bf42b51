import { modelState } from '../../store/model.ts'
import { Problem } from '../Problem.tsx'
import { Toasts } from '../Toasts.tsx'
import { Examples } from './examples/Examples.tsx'
import { TrainPanel } from './TrainPanel.tsx'
import '../../styles/teach.css'

/** Teach: what the model is to learn on the one side, how it learns it on the other; on phones one after the other. */
export function TeachView() {
  return (
    <div class="teach">
      <div class="teach-columns">
        {modelState.value.kind === 'failed' && <Problem />}
        <Examples />
        <div class="teach-side">
          <TrainPanel />
        </div>
      </div>
      <div class="teach-toasts">
        <Toasts />
      </div>
    </div>
  )
}
