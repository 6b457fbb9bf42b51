import { resolve } from 'node:path'
import { build } from 'vite'
import { type FolderServer, serveFolders } from './serveFolders.ts'

const root = resolve(import.meta.dirname, '..')

/**
 * Builds the page in `folder` (relative to the repository, with an index.html) as users' pages are built, and serves it
 * together with the embedded models (`/models/`), the sample images and the reference checkpoints (`/goldens/`).
 */
export async function servePage(folder: string): Promise<FolderServer> {
  const outDir = resolve(root, '.cache/pages', folder)
  await build({
    root: resolve(root, folder),
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 5000 },
  })
  return serveFolders({
    '/': outDir,
    '/models/': resolve(root, 'public/models'),
    '/samples/': resolve(root, 'public/samples'),
    '/goldens/': resolve(root, 'goldens'),
  })
}
