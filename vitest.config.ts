import { defineConfig } from 'vitest/config'

/** Forks rather than threads, because the choice of the Vulkan driver is an environment variable that only a process has. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
  },
})
