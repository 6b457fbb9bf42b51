import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { type Answer, busy, regenerate, type Turn, turns } from '../store/conversation.ts'
import { canLook, chooseWord, chosen, looking, toggleLooking } from '../store/looking.ts'
import { modelState } from '../store/model.ts'
import { showToast } from '../store/panels.ts'
import { Figures } from './Figures.tsx'
import { Icon } from './Icon.tsx'
import { Logo } from './Logo.tsx'
import { LookPanel } from './look/LookPanel.tsx'
import { Words } from './look/Words.tsx'
import { Markdown } from './Markdown.tsx'

export function AnswerView({ turn }: { turn: Turn }) {
  const answer = turn.answer.value
  const eye = useRef<HTMLButtonElement>(null)
  const isLooking = looking.value === answer
  const settled = answer.status === 'done' || answer.status === 'stopped' || answer.status === 'failed'
  return (
    <div class={`answer is-${answer.status}`} aria-busy={!settled}>
      <Logo size={28} />
      <div class="answer-content">
        <h2 class="visually-hidden">Beagle answered</h2>
        {isLooking ? (
          <Words text={answer.text} chosen={chosen.value} onChoose={(word) => chooseWord(turn, word)} />
        ) : (
          <Markdown text={answer.text} />
        )}
        {isLooking && <LookPanel turn={turn} answer={answer} onClose={() => eye.current?.focus()} />}
        <Progress answer={answer} />
        <footer class="answer-footer">
          {settled && (
            <>
              <AnswerActions turn={turn} answer={answer}>
                {canLook(turn, answer) && (
                  <button
                    ref={eye}
                    type="button"
                    class="icon-button small"
                    aria-label="Show where the model looked"
                    title="Choose a word to see where the model looked"
                    aria-pressed={isLooking}
                    onClick={() => toggleLooking(answer)}
                  >
                    <Icon name="eye" />
                  </button>
                )}
              </AnswerActions>
              <Figures answer={answer} />
            </>
          )}
        </footer>
      </div>
    </div>
  )
}

function Progress({ answer: { status, error, text } }: { answer: Answer }) {
  if (status === 'queued') {
    const failed = modelState.value.kind === 'failed'
    return <p class="answer-note">{failed ? 'Waiting for a model.' : 'Waiting for the model to load…'}</p>
  }
  if (status === 'thinking') {
    return (
      <p class="answer-note is-thinking">
        <span class="visually-hidden">Looking</span>
        <span class="dots" aria-hidden="true" />
      </p>
    )
  }
  if (status === 'stopped') return <p class="answer-note">{text ? 'Stopped.' : 'Stopped before the first word.'}</p>
  if (status === 'failed') {
    return (
      <p class="answer-problem" role="alert">
        <Icon name="warning" />
        <span>{error?.message}</span>
      </p>
    )
  }
  return null
}

function AnswerActions({ turn, answer, children }: { turn: Turn; answer: Answer; children: ComponentChildren }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(answer.text)
      setCopied(true)
      setTimeout(() => setCopied(false), 1500)
    } catch {
      showToast('The browser did not allow copying. Select the text and copy it by hand.', { tone: 'problem' })
    }
  }
  const isLast = turns.value.at(-1) === turn
  return (
    <div class="answer-actions">
      <button
        type="button"
        class="icon-button small"
        aria-label={copied ? 'Copied' : 'Copy answer'}
        title="Copy"
        disabled={answer.text === ''}
        onClick={() => void copy()}
      >
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
      <button
        type="button"
        class="icon-button small"
        aria-label="Regenerate answer"
        title={isLast ? 'Answer again' : 'Answer again; later questions go'}
        disabled={busy.value}
        onClick={() => regenerate(turn.id)}
      >
        <Icon name="again" />
      </button>
      {children}
    </div>
  )
}
