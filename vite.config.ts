import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const project = dirname(fileURLToPath(import.meta.url))

/** Models are fetched from hosts that the user names, so any host may be connected to; nothing else may load from outside. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self' https: http: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

export default defineConfig({
  root: join(project, 'src/app'),
  base: './',
  publicDir: join(project, 'public'),
  // A missing file is a 404, never index.html: model folders have optional files.
  appType: 'mpa',
  build: {
    outDir: join(project, 'dist'),
    emptyOutDir: true,
    target: 'es2023',
    rolldownOptions: {
      input: { index: join(project, 'src/app/index.html'), offline: join(project, 'src/app/offline.worker.ts') },
      output: { entryFileNames: ({ name }) => (name === 'offline' ? 'offline.js' : 'assets/[name]-[hash].js') },
    },
  },
  // The worker's script stands beside index.html, in the build as in development: the library finds models/ from there.
  worker: { format: 'es', rolldownOptions: { output: { entryFileNames: '[name]-[hash].js' } } },
  server: { fs: { allow: [project] } },
  plugins: [securityPolicy(), preloadFont(), offlineFiles()],
})

/** Puts the content security policy into the built page; the development server needs inline scripts. */
function securityPolicy(): Plugin {
  return {
    name: 'beagle:security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
    ],
  }
}

/** Asks for the font at once, so that the first paint has it and nothing shifts. */
function preloadFont(): Plugin {
  return {
    name: 'beagle:preload-font',
    apply: 'build',
    transformIndexHtml: (_html, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((file) => file.endsWith('.woff2'))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `./${file}` },
          injectTo: 'head-prepend' as const,
        })),
  }
}

/** Writes the list of the build's files and a digest of their contents into offline.js. */
function offlineFiles(): Plugin {
  let publicDir = ''
  return {
    name: 'beagle:offline-files',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicDir = config.publicDir
    },
    generateBundle(_options, bundle) {
      const worker = bundle['offline.js']
      if (worker?.type !== 'chunk') return
      const contents = new Map<string, string | Uint8Array>()
      for (const file of Object.values(bundle)) {
        if (file !== worker) contents.set(file.fileName, file.type === 'chunk' ? file.code : file.source)
      }
      const shipped = filesUnder(publicDir)
      for (const file of shipped.filter(isNeeded)) contents.set(file, readFileSync(join(publicDir, file)))
      const digest = createHash('sha256').update(worker.code)
      const files = [...contents.keys()].sort()
      for (const file of files) digest.update(`\0${file}\0`).update(contents.get(file)!)
      const precache = { version: digest.digest('hex').slice(0, 12), files, later: shipped.filter(isLater).sort() }
      worker.code = worker.code.replaceAll('PRECACHE', `(${JSON.stringify(precache)})`)
    },
  }
}

/** What the page does without when the network is off: the questions that test the embedded model, and the sample set of Teach. */
const isNeeded = (file: string) => !/^(models\/\w+\/eval|samples\/twemoji)\//.test(file) && !isLater(file)

/** What the library keeps by itself once it has been wanted. */
const isLater = (file: string) => /^models\/\w+\/projectors\/.*\.safetensors$/.test(file)

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
}
