import { turns } from '../store/conversation.ts'
import { TurnView } from './Turn.tsx'

export function Conversation() {
  return (
    <section class="conversation" aria-label="Conversation">
      {turns.value.map((turn, index) => (
        <TurnView key={turn.id} turn={turn} number={index + 1} />
      ))}
    </section>
  )
}
