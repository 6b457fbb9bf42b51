import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { preferences } from '../../store/settings.ts'
import { figure, type Line } from './curves.ts'

export interface Series {
  label: string
  /** A class of charts.css that gives the line its colour. */
  ink: string
  /** How it is drawn, so that colour is not all that tells it from the others. */
  way: 'thin' | 'line' | 'dashed' | 'dotted' | 'points'
}

const dashes: Partial<Record<Series['way'], number[]>> = { dashed: [8, 5], dotted: [2, 4] }

/** Lines over steps. The legend names each and tells its value under the pointer, else the last one. */
export function Plot({
  title,
  series,
  data,
  description,
  height = 190,
  logarithmic = false,
}: {
  title: string
  series: Series[]
  data: [number[], ...Line[]]
  /** What the chart shows, for those who cannot see it. */
  description: string
  height?: number
  logarithmic?: boolean
}) {
  const [at, setAt] = useState<number | null>(null)
  const place = useRef<HTMLDivElement>(null)
  const legend = useRef<HTMLUListElement>(null)
  const plot = useRef<uPlot>(undefined)
  const shape = `${series.map(({ label, way }) => `${label} ${way}`).join()} ${logarithmic}`

  useEffect(() => {
    const box = place.current
    const keys = legend.current
    if (!box || !keys) return
    const inkOf = (index: number) => getComputedStyle(keys.children[index]!).color
    const drawn = new uPlot(options({ box, series, height, logarithmic, inkOf, setAt }), data as uPlot.AlignedData, box)
    plot.current = drawn
    const resized = new ResizeObserver(() => {
      if (box.clientWidth !== drawn.width) drawn.setSize({ width: box.clientWidth, height })
    })
    resized.observe(box)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => drawn.redraw()
    dark.addEventListener('change', redraw)
    return () => {
      resized.disconnect()
      dark.removeEventListener('change', redraw)
      drawn.destroy()
      plot.current = undefined
    }
  }, [shape, height])

  useEffect(() => {
    if (plot.current?.data !== data) plot.current?.setData(data as uPlot.AlignedData)
  }, [data])
  const { theme } = preferences.value
  useEffect(() => {
    if (plot.current?.status === 1) plot.current.redraw()
  }, [theme])

  return (
    <figure class="plot">
      <figcaption>
        <span class="plot-title">{title}</span>
        <ul ref={legend} class="legend">
          {series.map(({ label, ink, way }, index) => (
            <li key={label} class={ink}>
              <svg class={`key is-${way}`} viewBox="0 0 24 10" aria-hidden="true">
                {way === 'points' ? <circle cx={12} cy={5} r={4} /> : <path d="M1 5h22" />}
              </svg>
              <span>{label}</span>
              <b>{figure(valueAt(data[index + 1] as Line, at))}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} class="plot-place" role="img" aria-label={description} style={{ blockSize: `${height}px` }} />
    </figure>
  )
}

/** The value at a position, else the last there is. */
function valueAt(line: Line, at: number | null): number | null {
  const here = at === null ? null : line[at]
  return here ?? (at === null ? (line.findLast((value) => value !== null) ?? null) : null)
}

function options({
  box,
  series,
  height,
  logarithmic,
  inkOf,
  setAt,
}: {
  box: HTMLElement
  series: Series[]
  height: number
  logarithmic: boolean
  inkOf: (index: number) => string
  setAt: (at: number | null) => void
}): uPlot.Options {
  const style = getComputedStyle(box)
  const axis: uPlot.Axis = {
    stroke: () => style.color,
    grid: { stroke: () => style.borderTopColor, width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
    gap: 6,
  }
  return {
    width: box.clientWidth,
    height,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 }, y: false, sync: { key: 'beagle' } },
    scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
    axes: [
      { ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000] },
      { ...axis, size: 52, values: (_plot, splits) => splits.map(figure) },
    ],
    series: [
      {},
      ...series.map(({ way }, index) => ({
        stroke: () => inkOf(index),
        width: way === 'thin' || way === 'points' ? 1 : 2,
        dash: dashes[way],
        spanGaps: way === 'points',
        points: { show: way === 'points', size: 8, fill: () => inkOf(index) },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? null)] },
  }
}
