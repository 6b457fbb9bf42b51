import DOMPurify from 'dompurify'
import { marked, type Token } from 'marked'

/** A top-level piece of the Markdown text with its sanitized HTML. */
export interface Block {
  /** Start in the text; stable while the text grows, so it serves as a key. */
  start: number
  raw: string
  html: string
}

const ALLOWED_TAGS = [
  ...['p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'a', 'ul', 'ol', 'li'],
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
]

/** Markdown to safe HTML: no images or other things that could be fetched, no styles, links open apart. */
function toHtml(tokens: Token[]): string {
  return DOMPurify.sanitize(marked.parser(tokens), {
    ALLOWED_TAGS,
    ALLOWED_ATTR: ['href', 'title', 'start', 'align'],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  })
}

/**
 * Renders Markdown that grows at its end: blocks that are followed by another block are final and keep their HTML, so
 * that a long answer costs no more per frame than its last paragraph. Text that is not a continuation starts anew.
 */
export class StreamingMarkdown {
  #text = ''
  #final: Block[] = []
  readonly #render: (tokens: Token[]) => string

  constructor(render: (tokens: Token[]) => string = toHtml) {
    this.#render = render
  }

  update(grown: string): Block[] {
    const text = grown.replaceAll('\r\n', '\n')
    if (!text.startsWith(this.#text)) this.#final = []
    this.#text = text
    const last = this.#final.at(-1)
    const open = this.#blocks(text, last ? last.start + last.raw.length : 0)
    this.#final = [...this.#final, ...open.slice(0, -1)]
    return [...this.#final, ...open.slice(-1)]
  }

  /** Splits from `start` into blocks; blank space belongs to the block before it. */
  #blocks(text: string, start: number): Block[] {
    const blocks: Block[] = []
    let at = start
    for (const token of marked.lexer(text.slice(start))) {
      const previous = blocks.at(-1)
      if (token.type === 'space' && previous) previous.raw += token.raw
      else blocks.push({ start: at, raw: token.raw, html: this.#render([token]) })
      at += token.raw.length
    }
    return blocks
  }
}

DOMPurify.addHook?.('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer')
})
