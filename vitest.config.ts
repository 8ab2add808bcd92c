import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Two projects: `unit` needs nothing but Node; `integration` (*.int.test.ts) starts real ZooKeeper servers on 127.0.0.1.
const alias = { '@': fileURLToPath(new URL('.', import.meta.url)) }

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['{lib,app,bin}/**/*.test.{ts,tsx}', 'e2e/{fuzz,chaos}/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/node_modules/**'],
          // For a machine that is busy with other things: no test waits for it to pass.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'integration',
          include: ['{lib,app,bin}/**/*.int.test.ts', 'e2e/chaos/*.int.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One more than the cores that it is made for: much of it waits for servers, sessions and leases to end.
          maxWorkers: 3,
        },
      },
    ],
  },
})
