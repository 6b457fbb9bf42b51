import type { LookPoint } from '../../../api.ts'
import type { LookReply } from '../../protocol.ts'

type Seen = LookReply['images'][number]

/** The attention to a picture, drawn over it: cells as deep in colour, dots as large as what went there; `full` is a whole cell's colour. */
export function Overlay({ seen, full, label }: { seen: Seen; full: number; label: string }) {
  const { width, height, frame, points } = seen
  return (
    <svg
      class="look-overlay"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path
        class="look-unseen"
        fill-rule="evenodd"
        d={`M0 0H${width}V${height}H0ZM${frame.x} ${frame.y}h${frame.width}v${frame.height}h${-frame.width}Z`}
      />
      {points ? <Dots seen={seen} points={points} full={full} /> : <Cells seen={seen} full={full} />}
    </svg>
  )
}

function Cells({ seen: { frame, grid, heat }, full }: { seen: Seen; full: number }) {
  const [across, down] = [frame.width / grid.columns, frame.height / grid.rows]
  return Array.from(heat, (value, i) => {
    const [row, column] = [Math.floor(i / grid.columns), i % grid.columns]
    const opacity = 0.88 * Math.min(1, value / full)
    if (opacity < 0.01) return null
    const at = { x: frame.x + column * across, y: frame.y + row * down }
    return <rect key={i} class="look-cell" {...at} width={across} height={down} fill-opacity={opacity} />
  })
}

function Dots({ seen: { frame, grid }, points, full }: { seen: Seen; points: LookPoint[]; full: number }) {
  const cell = Math.min(frame.width / grid.columns, frame.height / grid.rows)
  return points.map(({ token, x, y, weight }, i) => {
    const r = (cell / 2) * Math.min(2, Math.sqrt(weight / full))
    return (
      <circle
        key={String(i)}
        class="look-dot"
        cx={frame.x + x * frame.width}
        cy={frame.y + y * frame.height}
        r={r}
        stroke-width={Math.min(cell / 24, r / 6)}
      >
        <title>{`Visual token ${token + 1}: ${(100 * weight).toPrecision(2)} % of the attention`}</title>
      </circle>
    )
  })
}
