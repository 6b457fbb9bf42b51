import { useEffect } from 'preact/hooks'
import { followPlan } from '../../store/freshPlan.ts'
import { modelState } from '../../store/model.ts'
import { runsHere, shown } from '../../store/runs.ts'
import { forgetOrphans } from '../../store/training.ts'
import { Problem } from '../Problem.tsx'
import { Toasts } from '../Toasts.tsx'
import { Charts } from './Charts.tsx'
import { Examples } from './examples/Examples.tsx'
import { LivePanel } from './LivePanel.tsx'
import { Runs } from './Runs.tsx'
import { TrainPanel } from './TrainPanel.tsx'
import '../../styles/teach.css'
import '../../styles/teachRuns.css'
import '../../styles/teachTrain.css'

/** Teach: what the model is to learn on the one side, how it learns it on the other; on phones one after the other. */
export function TeachView() {
  const ready = modelState.value.kind === 'ready'
  useEffect(() => {
    if (ready) void forgetOrphans()
  }, [ready])
  useEffect(followPlan, [])
  const run = runsHere.value.find(({ id }) => id === shown.value)
  return (
    <div class="teach">
      <div class="teach-columns">
        {modelState.value.kind === 'failed' && <Problem />}
        <div class="teach-side">
          <Examples />
        </div>
        <div class="teach-side">
          <TrainPanel />
          {run && <Charts key={run.id} run={run} />}
          {run && <LivePanel run={run} />}
          <Runs />
        </div>
      </div>
      <div class="teach-toasts">
        <Toasts />
      </div>
    </div>
  )
}
