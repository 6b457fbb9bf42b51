import { join } from 'node:path'
import { defineConfig } from 'vite'

const project = import.meta.dirname

/**
 * The library and the command line for Node, module by module into lib/: as deep as in src/, so that shaders/ and
 * public/models/ are found beside it.
 */
export default defineConfig({
  root: project,
  publicDir: false,
  ssr: { target: 'node' },
  build: {
    ssr: true,
    outDir: join(project, 'lib'),
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      input: [join(project, 'src/index.ts'), join(project, 'src/cli/main.ts')],
      output: { preserveModules: true, preserveModulesRoot: join(project, 'src'), entryFileNames: '[name].js' },
    },
  },
})
