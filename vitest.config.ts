import { defineConfig } from 'vitest/config'

/** Forks rather than threads, because the choice of the Vulkan driver is an environment variable that only a process has. Long limits: SwiftShader may compile for a minute. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'bench/**/*.test.ts'],
    environment: 'node',
    setupFiles: ['src/testing/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    teardownTimeout: 5_000,
  },
})
