import { effect } from '@preact/signals'
import { render } from 'preact'
import { isProjector, watchDrops } from './drop.ts'
import { keepOffline } from './offline.ts'
import { answerQueued, busy, stop } from './store/conversation.ts'
import { keepConversation } from './store/kept.ts'
import { mode } from './store/mode.ts'
import { embedded, loadModel, modelState } from './store/model.ts'
import { openPanel } from './store/panels.ts'
import { attach, loadSamples } from './store/pictures.ts'
import { takeProjector } from './store/projectors.ts'
import { readRuns } from './store/runs.ts'
import { applyTheme } from './store/settings.ts'
import { App } from './views/App.tsx'
import { loadFolder } from './views/FolderButton.tsx'
import './styles/index.css'

void loadModel(embedded())
applyTheme()
answerQueued()
// A browser whose storage hangs must not keep the page from showing.
await Promise.race([keepConversation(), new Promise((resolve) => setTimeout(resolve, 500))])
render(<App />, document.getElementById('app')!)
void loadSamples()
void readRuns()

watchDrops(({ files, model, mode: where, on }) => {
  if (model) loadFolder(model.source, model.label)
  if (where === 'chat') return void attach(files.map(({ file }) => file))
  for (const { file } of files.filter(isProjector)) void takeProjector(file)
  const lesson = files.filter((file) => !isProjector(file))
  if (lesson.length === 0) return
  if (where === 'lab') void import('./store/labSets.ts').then(({ takeDropped }) => takeDropped(lesson))
  else void import('./store/examplesRead.ts').then(({ addDropped }) => addDropped(lesson, on))
})

addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && mode.peek() === 'chat' && openPanel.peek() === undefined && busy.peek()) stop()
})

const stopWaiting = effect(() => {
  if (modelState.value.kind === 'loading') return
  queueMicrotask(() => stopWaiting())
  keepOffline()
})
