import { PageError } from '../protocol.ts'
import { goTo } from './mode.ts'
import { client } from './model.ts'
import { showToast } from './panels.ts'
import { bring, choiceOf } from './projectors.ts'
import { startFile, startFrom } from './trainingSettings.ts'

/** Opens Teach, set to begin with a fresh projector of the same type and sizes, or with this one. */
export async function trainLike(id: string, how: 'fresh' | 'from'): Promise<void> {
  try {
    const [name] = await bring([id])
    const info = (await client().projectors()).find((projector) => projector.name === name)
    if (!info) return
    if (how === 'fresh') startFrom(info.fresh)
    else if (id === 'base') startFrom('base')
    else {
      startFile.value = { name: choiceOf(id)?.label ?? info.name, bytes: await client().exportProjector(info.name) }
      startFrom('file')
    }
    goTo('teach')
  } catch (error) {
    if (!(error instanceof PageError)) throw error
    showToast(error.message, { tone: 'problem' })
  }
}
