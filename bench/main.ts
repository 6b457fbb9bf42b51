import { parseArgs } from 'node:util'
import { benches, isBenchName } from './benches.ts'
import { runInChromium } from './browser.ts'
import { runInNode } from './node.ts'
import { formatTable } from './table.ts'

const usage = 'npm run bench [-- kernels|endToEnd|teach|all] [--browser chromium|node] [--json]'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'string', default: 'chromium' }, json: { type: 'boolean', default: false } },
})
const what = positionals[0] === 'e2e' ? 'endToEnd' : (positionals[0] ?? 'all')
const names = what === 'all' ? Object.keys(benches).filter(isBenchName) : [what].filter(isBenchName)
if (!names.length || !['chromium', 'node'].includes(values.browser)) {
  console.error(`Unknown: ${[what, values.browser].join(' in ')}. Usage: ${usage}`)
  process.exit(2)
}

const run = values.browser === 'node' ? runInNode : runInChromium
const tables = await run(names, (line) => console.error(line))
console.log(values.json ? JSON.stringify(tables, null, 2) : tables.map(formatTable).join('\n\n'))
