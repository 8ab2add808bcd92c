import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ArkeeperError } from '../base/errors.ts'
import type { TestIdentity } from './certificates.ts'
import { findFreePort } from './zookeeper-server.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
const OUTPUT_CHARACTERS_MAX = 20_000

/** Nothing of it has to outlive the machine, and a statement that hangs is a fault of the test. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  'max_connections=300',
]

export class PostgresqlServerError extends ArkeeperError<'NOT_INSTALLED' | 'NOT_STARTED'> {
  static override readonly family: string = 'postgresql-server'
}

export interface PostgresqlServer {
  readonly port: number
  urlOf(database: string): string
  /** Ends it and removes its folder. Safe to call twice. */
  stop(): Promise<void>
}

/** A PostgreSQL of the tests' own on 127.0.0.1, in a temporary folder, with TLS when given what to show; resolves when it answers. */
export async function startPostgresql(tls?: Pick<TestIdentity, 'cert' | 'key'>): Promise<PostgresqlServer> {
  const bin = findPrograms()
  const owner = ownerOfServer()
  const dir = mkdtempSync(join(tmpdir(), 'arkeeper-pg-'))
  chmodSync(dir, 0o700)
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(dir, owner.uid, owner.gid)
  const data = join(dir, 'data')
  const remove = () => rmSync(dir, { recursive: true, force: true })
  try {
    execFileSync(
      join(bin, 'initdb'),
      ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '-N'],
      {
        ...owner,
        cwd: dir,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    const port = await findFreePort()
    const settings = [...SETTINGS, ...(tls ? writeTls(dir, tls, owner) : [])]
    const options = settings.flatMap((setting) => ['-c', setting])
    const child = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...options],
      {
        ...owner,
        cwd: dir,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    const atExit = () => void child.kill('SIGKILL')
    process.once('exit', atExit)
    const urlOf = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`
    await untilItAnswers(child, urlOf('postgres'))
    const stop = async () => {
      process.removeListener('exit', atExit)
      await end(child)
      remove()
    }
    return { port, urlOf, stop }
  } catch (error) {
    remove()
    throw error
  }
}

/** The server takes a key only of its own user, whom nobody else may read. */
function writeTls(
  dir: string,
  tls: Pick<TestIdentity, 'cert' | 'key'>,
  { uid, gid }: ReturnType<typeof ownerOfServer>,
) {
  return (['cert', 'key'] as const)
    .map((name) => {
      const file = join(dir, `tls.${name}`)
      writeFileSync(file, tls[name], { mode: 0o600 })
      if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid)
      return `ssl_${name}_file=${file}`
    })
    .concat('ssl=on')
}

/** SQL on a server or in a database of the tests, past the product. */
export async function runSql(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    for (const sql of statements) await client.query(sql)
  } finally {
    await client.end()
  }
}

async function untilItAnswers(child: ChildProcess, url: string): Promise<void> {
  let output = ''
  child.stderr?.on('data', (chunk) => {
    output = (output + chunk).slice(-OUTPUT_CHARACTERS_MAX)
  })
  const giveUpAt = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > giveUpAt) {
      await end(child)
      throw new PostgresqlServerError('NOT_STARTED', `PostgreSQL did not start: ${output.trim()}`)
    }
    try {
      return await runSql(url, 'SELECT 1')
    } catch {
      await delay(30)
    }
  }
}

/** SIGINT ends its sessions and shuts it down. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}

/** Debian has them outside of PATH, a folder a version; Homebrew as well. */
function findPrograms(): string {
  const versions = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt']
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).map((name) => ({ name, bin: join(dir, name, 'bin') })))
    .filter(({ name }) => /^(postgresql(@\d+)?|\d+)$/.test(name))
    .sort((a, b) => Number(/\d+/.exec(b.name)?.[0] ?? 0) - Number(/\d+/.exec(a.name)?.[0] ?? 0))
    .map(({ bin }) => bin)
  const found = [...versions, ...(process.env.PATH ?? '').split(delimiter)].find((bin) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(bin, program))),
  )
  if (found) return found
  throw new PostgresqlServerError('NOT_INSTALLED', 'PostgreSQL is not installed', {
    remedy: 'apt-get install postgresql, or brew install postgresql@17',
  })
}

/** The server refuses to run as root: then it is given to the user that its package has made. */
function ownerOfServer(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
