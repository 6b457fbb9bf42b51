import { join } from 'node:path'
import { defineConfig, type UserConfig } from 'vite'

const project = import.meta.dirname
const source = (path: string) => join(project, 'src', path)

/**
 * The library and the command line for Node, module by module into lib/: as deep as in src/, so that shaders/ and
 * public/models/ are found beside it.
 */
const node: UserConfig = {
  ssr: { target: 'node' },
  build: {
    ssr: true,
    outDir: join(project, 'lib'),
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      input: [source('index.ts'), source('cli/main.ts')],
      output: { preserveModules: true, preserveModulesRoot: source(''), entryFileNames: '[name].js' },
    },
  },
}

/** The library for browsers, one module with its shaders. */
const browser: UserConfig = {
  build: {
    lib: { entry: source('index.ts'), formats: ['es'], fileName: 'browser' },
    outDir: join(project, 'lib'),
    emptyOutDir: false,
    target: 'es2023',
    minify: false,
  },
}

export default defineConfig(({ mode }) => ({
  root: project,
  publicDir: false,
  ...(mode === 'browser' ? browser : node),
}))
