import { createAdminServer } from '../adapters/adminserver/create-admin-server.ts'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { createGuardRules } from '../adapters/members/read-guards.ts'
import { createScratch } from '../adapters/scratch/create-scratch.ts'
import { createObserver } from '../adapters/zookeeper/create-observer.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { systemClock } from '../base/clock.ts'
import { CancelledError, formatErrorLine } from '../base/errors.ts'
import { readScratchSettings } from '../runtime/env.ts'
import type { Log } from '../services/context.ts'
import { describeFailure } from '../services/jobs/describe-failure.ts'
import { readIdentityOptions } from './age-options.ts'
import { audit } from './audit.ts'
import { backup } from './backup.ts'
import { cat } from './cat.ts'
import { type Command, type ExitStatus, list, parseAuth, parseCommandLine } from './command.ts'
import { diff } from './diff.ts'
import { drill } from './drill.ts'
import { badUsage } from './errors.ts'
import { exportCommand } from './export.ts'
import { follow } from './follow.ts'
import { importCommand } from './import.ts'
import { inspect } from './inspect.ts'
import { ls } from './ls.ts'
import { replay } from './replay.ts'
import { restore } from './restore.ts'
import { Terminal } from './terminal.ts'
import { readTlsOptions } from './tls-options.ts'
import { verify } from './verify.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  inspect,
  ls,
  cat,
  diff,
  backup,
  verify,
  drill,
  replay,
  follow,
  restore,
  export: exportCommand,
  import: importCommand,
  audit,
}

const nothing = () => undefined
/** The engine's log is for servers; whatever matters here reaches the terminal as an answer or an error. */
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

async function run(args: readonly string[], signal: AbortSignal): Promise<ExitStatus> {
  const [name, ...rest] = args
  const terminal = new Terminal({ quiet: rest.includes('--quiet') })
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
      await terminal.print(describeAll())
      return name === undefined ? 2 : 0
    }
    if (name === '--server' || name.startsWith('--server=')) {
      const address = name.slice('--server='.length)
      const { runRemote } = await import('./remote/run-remote.ts')
      return await runRemote(address === '' ? rest : [address, ...rest], { env: process.env, signal, terminal })
    }
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (!command) throw badUsage(`"${name}" is not a command`)
    const parsed = parseCommandLine(command, rest)
    if (parsed.values.help === true) {
      await terminal.print(`usage: arkeeper ${command.usage}\n${command.summary}\n`)
      return 0
    }
    const { ARKEEPER_AGE_IDENTITY_FILE: identityFile, ARKEEPER_CONFIG: configFile } = process.env
    const keys = await readIdentityOptions(parsed, { identityFile, configFile })
    const context = {
      zookeeper: createZooKeeper(),
      adminServers: createAdminServer(),
      observers: createObserver(),
      archives: createFileArchives({ keys }),
      scratch: createScratch(readScratchSettings(process.env)),
      clock: systemClock,
      log: SILENT,
      signal,
      guardRules: process.env.ARKEEPER_CONFIG ? createGuardRules(process.env.ARKEEPER_CONFIG) : undefined,
    }
    const auth = parseAuth(list(parsed, 'auth'), process.env.ARKEEPER_AUTH)
    const access = { auth, tls: await readTlsOptions({ ...parsed, terminal }) }
    return await command.run({ ...parsed, context, terminal, access, keys })
  } catch (error) {
    if (signal.aborted || error instanceof CancelledError) {
      terminal.complain(error instanceof CancelledError ? formatErrorLine(error) : 'CANCELLED: interrupted')
      return 130
    }
    terminal.complain(toLine(error))
    return 2
  }
}

function toLine(error: unknown): string {
  const system = describeFailure(error, '')
  // What describeFailure does not know is our own fault, and its words are all there is to find it by.
  if (system.code === 'INTERNAL') return formatErrorLine(error)
  return `${system.code}: ${[system.message, system.unaffected, system.remedy].filter(Boolean).join(' — ')}`.replaceAll(
    '\n',
    ' ',
  )
}

function describeAll(): string {
  const commands = Object.values(COMMANDS).map((command) => `  arkeeper ${command.usage}\n      ${command.summary}\n`)
  return [
    'usage: arkeeper COMMAND …\n\n',
    ...commands,
    "\nSOURCE is zk://host:port[,host:port…][/chroot], a snapshot file, a data directory, an archive directory, or another tool's file;\n",
    'FORM:PATH names its form where the content does not tell (directory:PATH takes the files of a folder for znodes).\n',
    '--tls reaches clusters over TLS, as do --tls-ca FILE (authority), --tls-cert FILE and --tls-key FILE (who we are), all PEM; --tls-any-name does not check names.\n',
    '--auth scheme:id (more than once for more, or ARKEEPER_AUTH) gives credentials, --json machine-readable answers, --quiet no progress.\n',
    '--identity FILE (more than once for more, or ARKEEPER_AGE_IDENTITY_FILE) names private keys of age, with which encrypted archives are read.\n',
    'arkeeper --server URL COMMAND … asks a server to do it: see arkeeper --server help.\n',
    'Exit status: 0 done, equal or healthy; 1 differences, unhealthy or conflicts; 2 bad usage or input; 130 interrupted.\n',
  ].join('')
}

const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // A second time is meant: whatever still waits for a clean end is left.
    if (abort.signal.aborted) process.exit(130)
    abort.abort(name)
  })
}
// Whoever reads may leave early (head): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
// Sockets and timers that are still closing must not keep a finished command alive; what was printed is flushed first.
run(process.argv.slice(2), abort.signal).then((status) => {
  process.exitCode = status
  process.stdout.write('', () => process.exit(status))
})
