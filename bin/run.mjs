#!/usr/bin/env node
// What every npm script runs. It uses nothing but Node.js itself (18 or newer), because it is what installs everything else.
import { parseArguments } from './internal/arguments.mjs'
import { Failure } from './internal/failure.mjs'
import { exitOnSignal } from './internal/processes.mjs'

const COMMANDS = {
  start: async (options) => (await import('./internal/start.mjs')).start({ ...options, demo: false }),
  demo: async (options) => (await import('./internal/start.mjs')).start({ ...options, demo: true }),
  dev: async (options) => (await import('./internal/start.mjs')).dev(options),
  build: async (options) => (await import('./internal/build.mjs')).buildCommand(options),
  test: async (options) => (await import('./internal/test.mjs')).test(options),
  check: async () => (await import('./internal/test.mjs')).check(),
  bench: async (options) => (await import('./internal/tools.mjs')).bench(options.rest),
  fuzz: async (options) => (await import('./internal/tools.mjs')).fuzz(options.rest),
  chaos: async (options) => (await import('./internal/tools.mjs')).chaos(options.rest),
  audit: async () => (await import('./internal/tools.mjs')).audit(),
  zookeepers: async () => (await import('./internal/zookeepers.mjs')).zookeepers(),
  prisma: async (options) => (await import('./internal/tools.mjs')).prisma(options.rest),
}

exitOnSignal()
try {
  const options = parseArguments(process.argv.slice(2), process.env)
  process.exit((await COMMANDS[options.command](options)) ?? 0)
} catch (error) {
  process.stderr.write(error instanceof Failure ? `arkeeper: ${error.message}\n` : `${error?.stack ?? error}\n`)
  process.exit(error instanceof Failure ? error.exitCode : 1)
}
