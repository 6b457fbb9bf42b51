import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { benches, isBenchName } from './benches.ts'
import { runInChromium } from './browser.ts'
import { runInNode } from './node.ts'
import { formatTable } from './table.ts'

const usage =
  'npm run bench [-- kernels|endToEnd|teach|projectors|all] [--all-sizes] [--browser chromium|node] [--json]'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    browser: { type: 'string', default: 'chromium' },
    'all-sizes': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const what = positionals[0] === 'e2e' ? 'endToEnd' : (positionals[0] ?? 'all')
const names = what === 'all' ? Object.keys(benches).filter(isBenchName) : [what].filter(isBenchName)
if (!names.length || !['chromium', 'node'].includes(values.browser)) {
  console.error(`Unknown: ${[what, values.browser].join(' in ')}. Usage: ${usage}`)
  process.exit(2)
}

const run = values.browser === 'node' ? runInNode : runInChromium
const before = load()
const tables = await run(names, values['all-sizes'], (line) => console.error(line))
tables[0]?.rows.push(['load before and after', `${before}, ${load()} on ${cpus().length} cores`])
console.log(values.json ? JSON.stringify(tables, null, 2) : tables.map(formatTable).join('\n\n'))

/** Processes that ran or waited over the last minute, on average. */
function load(): string {
  return loadavg()[0]!.toFixed(1)
}
