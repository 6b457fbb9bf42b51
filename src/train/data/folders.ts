import type { DataReport, Exchange } from '../../teachApi.ts'

/** What to ask and say about the images of a folder; `{name}` stands for what the folder is called. */
export const folderTemplates: Exchange = { question: 'What is this?', answer: '{name}' }

const images = /\.(png|jpe?g|webp|gif|avif)$/i
/** Files that operating systems leave in folders. */
const hidden = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i

/**
 * Rows for image files in folders: `birds/red_panda/1.jpg` shows what its folder is called, "red panda". `paths` are relative; rows come
 * in the order of the paths' characters, whatever order the paths have.
 */
export function readFolders(paths: readonly string[], templates: Exchange = folderTemplates): DataReport {
  const report: DataReport = { format: 'folders', rows: [], problems: [] }
  const tidy = paths
    .map((path) => path.replaceAll('\\', '/').replace(/^(\.?\/+)+/, ''))
    .filter((path) => !hidden.test(path))
  for (const path of tidy.sort()) {
    const complain = (message: string) => report.problems.push({ where: path, message })
    const folder = path.split('/').at(-2)
    const name = folder?.replaceAll('_', ' ').trim()
    const fill = (template: string) => template.replaceAll('{name}', () => name ?? '').trim()
    const turn = { question: fill(templates.question), answer: fill(templates.answer) }
    if (!images.test(path)) complain('This is no image file. PNG, JPEG, WebP, GIF and AVIF can be read.')
    else if (!name) complain('This image is in no folder. Put it into one that is called what the image shows.')
    else if (turn.answer === '') complain('The answer is empty. Write one, with {name} for the folder’s name.')
    else report.rows.push({ image: path, turns: [turn], name: path, kind: name })
  }
  return report
}
