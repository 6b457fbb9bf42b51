import { useEffect, useRef, useState } from 'preact/hooks'
import { photograph } from '../../../camera.ts'
import { groupOf, itemsOf } from '../../../store/examples.ts'
import { addGroup, renameGroup } from '../../../store/examplesEdit.ts'
import { addBlobs } from '../../../store/examplesRead.ts'
import { openGroup, show } from '../../../store/examplesView.ts'
import { announcement } from '../../../store/panels.ts'
import { Icon } from '../../Icon.tsx'
import { Sheet } from '../../Sheet.tsx'
import { Viewfinder } from '../../Viewfinder.tsx'
import { Thumb } from './Thumb.tsx'

const SHOTS = 8
const BURST_MS = 3000
const COUNTDOWN = 3

/** Several pictures of one thing in a row, after a countdown, into the open group or a new one. */
export function BurstSheet() {
  return (
    <Sheet name="burst" title="Take pictures">
      {() => <Burst />}
    </Sheet>
  )
}

function Burst() {
  const [count, setCount] = useState('')
  const gone = useRef(false)
  const group = groupOf.value.get(openGroup.value ?? '')
  const [name, setName] = useState(group?.name ?? '')
  useEffect(
    () => () => {
      gone.current = true
    },
    [],
  )

  const shoot = async (video: HTMLVideoElement, shots: number) => {
    const target = group ?? addGroup(name, 'named')
    show(target.id)
    for (let left = shots > 1 ? COUNTDOWN : 0; left > 0; left--) {
      setCount(String(left))
      await sleep(1000)
    }
    for (let shot = 1; shot <= shots && !gone.current; shot++) {
      setCount(shots > 1 ? `${shot} of ${shots}` : '')
      const begun = performance.now()
      const number = (itemsOf.peek().get(target.id)?.length ?? 0) + 1
      addBlobs([await photograph(video)], 'Photo', target, number)
      if (shot < shots) await sleep(BURST_MS / (SHOTS - 1) - (performance.now() - begun))
    }
    setCount('')
    announcement.value = shots > 1 ? `${shots} pictures taken.` : 'One picture taken.'
  }

  const taken = (group && itemsOf.value.get(group.id)) ?? []
  return (
    <>
      {group?.way !== 'asked' && (
        <label class="field">
          <span>This is called</span>
          <input
            value={group ? group.name : name}
            autocomplete="off"
            placeholder="for example: my mug"
            onInput={({ currentTarget }) => {
              if (group) renameGroup(group.id, currentTarget.value)
              else setName(currentTarget.value)
            }}
          />
        </label>
      )}
      <Viewfinder over={count && <output class="countdown">{count}</output>}>
        {(video, live) => (
          <>
            <button
              type="button"
              class="button"
              disabled={!live || count !== ''}
              onClick={() => void shoot(video(), 1)}
            >
              One
            </button>
            <button
              type="button"
              class="button is-primary"
              disabled={!live || count !== ''}
              onClick={() => void shoot(video(), SHOTS)}
            >
              <Icon name="camera" />
              {SHOTS} in a row
            </button>
          </>
        )}
      </Viewfinder>
      <p class="hint">
        Turn the thing or move around it while the pictures are taken: each should show it differently.
      </p>
      {taken.length > 0 && (
        <ul class="taken" aria-label="Pictures in this group">
          {taken.slice(-SHOTS).map(({ id, picture, name: title }) => (
            <li key={id}>
              <Thumb picture={picture} alt={title} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
