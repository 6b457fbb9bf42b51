import { Component } from 'preact'
import { useRef } from 'preact/hooks'
import { type Block, StreamingMarkdown } from '../markdown.ts'

/** Markdown that may still grow; only blocks that changed touch the document. */
export function Markdown({ text }: { text: string }) {
  const renderer = useRef<StreamingMarkdown>(undefined)
  renderer.current ??= new StreamingMarkdown()
  return (
    <div class="markdown" dir="auto">
      {renderer.current.update(text).map((block) => (
        <BlockView key={block.start} block={block} />
      ))}
    </div>
  )
}

class BlockView extends Component<{ block: Block }> {
  override shouldComponentUpdate(next: { block: Block }): boolean {
    return next.block.html !== this.props.block.html
  }
  override render() {
    return <div dangerouslySetInnerHTML={{ __html: this.props.block.html }} />
  }
}
