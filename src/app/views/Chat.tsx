import { turns } from '../store/conversation.ts'
import { modelState } from '../store/model.ts'
import { Composer } from './Composer.tsx'
import { Conversation } from './Conversation.tsx'
import { Problem } from './Problem.tsx'
import { Scroller } from './Scroller.tsx'
import { Welcome } from './Welcome.tsx'

export function Chat() {
  return (
    <>
      <Scroller>
        {turns.value.length > 0 && <Conversation />}
        <Problem />
        {turns.value.length === 0 && modelState.value.kind !== 'failed' && <Welcome />}
      </Scroller>
      <Composer />
    </>
  )
}
