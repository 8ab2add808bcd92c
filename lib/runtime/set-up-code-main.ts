import { formatErrorLine } from '../base/errors.ts'
import { hasAdministrator } from '../services/people/has-administrator.ts'
import { readEnv } from './env.ts'
import { openRuntime } from './runtime.ts'

// A process of its own, for the starter: prints the code that the first administrator will be asked for, or nothing.
try {
  const runtime = await openRuntime(readEnv)
  const isFresh = !(await hasAdministrator(runtime))
  if (isFresh && runtime.setUpCode !== null) process.stdout.write(`${runtime.setUpCode}\n`)
  await runtime.close()
} catch (error) {
  process.stderr.write(`${formatErrorLine(error)}\n`)
  process.exitCode = 1
}
