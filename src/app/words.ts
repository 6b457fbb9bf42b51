/** A word as it is shown, and its characters in the text that it was rendered from. */
export interface FoundWord {
  word: string
  start: number
  end: number
}

/**
 * Finds the words of rendered pieces in their source, in order: rendering takes marks away and leaves the words. A word that the source
 * writes differently (an entity) is not found.
 */
export class WordSearch {
  #at = 0
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** `piece` cut into words that were found and what lies between: blanks, and punctuation around words. */
  split(piece: string): (string | FoundWord)[] {
    return piece
      .split(/([^\s\p{P}](?:\S*[^\s\p{P}])?)/u)
      .map((part, i) => (i % 2 === 1 ? this.#find(part) : part))
      .filter((part) => part !== '')
  }

  #find(word: string): string | FoundWord {
    const start = this.#source.indexOf(word, this.#at)
    if (start < 0) return word
    this.#at = start + word.length
    return { word, start, end: this.#at }
  }
}

/** Makes every word of sanitized HTML a button that knows its characters in the source; links stay as they are. */
export function wordButtons(html: string, search: WordSearch): string {
  const template = document.createElement('template')
  template.innerHTML = html
  const walker = document.createTreeWalker(template.content, NodeFilter.SHOW_TEXT)
  const texts: Text[] = []
  while (walker.nextNode()) texts.push(walker.currentNode as Text)
  for (const text of texts) {
    const parts = search.split(text.data)
    if (!text.parentElement?.closest('a')) text.replaceWith(...parts.map(asNode))
  }
  return template.innerHTML
}

function asNode(part: string | FoundWord): Node {
  if (typeof part === 'string') return document.createTextNode(part)
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'word'
  button.tabIndex = -1
  button.dataset.start = String(part.start)
  button.dataset.end = String(part.end)
  button.textContent = part.word
  return button
}
