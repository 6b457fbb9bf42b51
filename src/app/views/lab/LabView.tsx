import { useEffect } from 'preact/hooks'
import { takeFromChat } from '../../store/lab.ts'
import { type Compared, compared } from '../../store/labCompare.ts'
import { type Evaluated, evaluated } from '../../store/labEvaluate.ts'
import { keptResult } from '../../store/labKept.ts'
import { modelState } from '../../store/model.ts'
import { readOwn } from '../../store/projectors.ts'
import { Problem } from '../Problem.tsx'
import { Toasts } from '../Toasts.tsx'
import { EvaluatePanel } from './EvaluatePanel.tsx'
import { PickPanel } from './PickPanel.tsx'
import { QuestionPanel } from './QuestionPanel.tsx'
import '../../styles/teach.css'
import '../../styles/teachTrain.css'
import '../../styles/teachRuns.css'
import '../../styles/teachCharts.css'
import '../../styles/lab.css'
import '../../styles/labResults.css'

let read = false

/** The Lab: projectors on the one side, what they are asked and what they answer on the other. */
export function LabView() {
  const { kind } = modelState.value
  useEffect(() => {
    if (kind === 'ready') void readOwn()
  }, [kind])
  useEffect(() => {
    takeFromChat()
    if (!read) void readKept()
  }, [])
  return (
    <div class="teach lab">
      <div class="teach-columns">
        {kind === 'failed' && <Problem />}
        <div class="teach-side">
          <PickPanel />
        </div>
        <div class="teach-side">
          <QuestionPanel />
          <EvaluatePanel />
        </div>
      </div>
      <div class="teach-toasts">
        <Toasts />
      </div>
    </div>
  )
}

/** The results before the page was loaded; what was being measured then is as far as it came. */
async function readKept(): Promise<void> {
  read = true
  const [question, set] = [await keptResult<Compared>('compared'), await keptResult<Evaluated>('evaluated')]
  compared.value ??= question
  if (set?.state === 'running')
    evaluated.value ??= { ...set, state: 'stopped', problem: 'The page was closed in between.' }
  else evaluated.value ??= set
}
