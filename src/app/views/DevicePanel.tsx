import { useEffect } from 'preact/hooks'
import type { DeviceReport } from '../../api.ts'
import { formatBytes } from '../format.ts'
import { device, memory, refreshMemory } from '../store/model.ts'
import { showToast } from '../store/panels.ts'
import { Facts } from './Facts.tsx'
import { Icon } from './Icon.tsx'
import { Sheet } from './Sheet.tsx'

export function DevicePanel() {
  return (
    <Sheet name="device" title="Device">
      {() => <DeviceFacts />}
    </Sheet>
  )
}

const REFRESH_MS = 1000

function DeviceFacts() {
  useEffect(() => {
    const timer = setInterval(() => void refreshMemory().catch(() => undefined), REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  const report = device.value
  if (!report) return <p class="hint">The device is known once a model is loaded.</p>
  const rows: [string, string][] = [
    ['Vendor', report.vendor || 'not told'],
    ['Architecture', report.architecture || 'not told'],
    ['Description', report.description || 'not told'],
    ['Kind', report.fallback ? 'CPU (fallback adapter)' : 'GPU'],
  ]
  return (
    <>
      <MemoryMeter />
      <section aria-labelledby="adapter-title">
        <h3 id="adapter-title">Adapter</h3>
        <Facts rows={rows} />
      </section>
      <section aria-labelledby="features-title">
        <h3 id="features-title">Features in use</h3>
        {report.features.length === 0 && <p class="hint">None of the optional ones.</p>}
        <ul class="tags">
          {report.features.map((feature) => (
            <li key={feature}>{feature}</li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="limits-title">
        <h3 id="limits-title">Limits</h3>
        <Facts rows={Object.entries(report.limits).map(([name, value]) => [spaced(name), limit(name, value)])} />
      </section>
      <button type="button" class="button" onClick={() => void copyReport(report)}>
        <Icon name="copy" />
        Copy for a report
      </button>
    </>
  )
}

async function copyReport(report: DeviceReport): Promise<void> {
  const text = JSON.stringify({ browser: navigator.userAgent, device: report, memory: memory.peek() }, null, 2)
  try {
    await navigator.clipboard.writeText(text)
    showToast('Copied.')
  } catch {
    showToast('The browser did not allow copying.', { tone: 'problem' })
  }
}

function MemoryMeter() {
  const used = memory.value
  if (!used) return null
  const parts = [
    { name: 'Weights', bytes: used.weightBytes },
    { name: 'State (KV cache)', bytes: used.stateBytes },
    { name: 'Scratch', bytes: used.scratchBytes },
  ]
  return (
    <section aria-labelledby="memory-title">
      <div class="section-head">
        <h3 id="memory-title">GPU memory in use</h3>
        <b class="total">{formatBytes(used.totalBytes)}</b>
      </div>
      <svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(({ name, bytes }, index) => {
          const before = parts.slice(0, index).reduce((sum, part) => sum + part.bytes, 0)
          const share = 100 / Math.max(1, used.totalBytes)
          return <rect key={name} class={`meter-${index}`} x={before * share} width={bytes * share} height={4} />
        })}
      </svg>
      <dl class="facts with-keys">
        {parts.map(({ name, bytes }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatBytes(bytes)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

const spaced = (name: string) =>
  name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (c) => c.toUpperCase())
const limit = (name: string, value: number) =>
  /Size$/.test(name) && !/Workgroup(?!Storage)/.test(name) ? formatBytes(value) : value.toLocaleString('en')
