import { execFile, spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFreePort } from '../../lib/testing/zookeeper-server.ts'

const run = promisify(execFile)
const USER = 'postgres'

/** A PostgreSQL server of one run's own, on 127.0.0.1. */
export interface Postgres {
  readonly url: string
  /** As after a power cut: nothing is asked, nothing is flushed, and it comes back from its log. */
  crashAndRestart(): Promise<void>
  stop(): Promise<void>
}

/** `dir` must be reachable for the user postgres where this process is root. */
export async function startPostgres(dir: string): Promise<Postgres> {
  const port = await findFreePort()
  const bin = await findBin()
  await mkdir(dir, { recursive: true })
  if (isRoot()) {
    const { uid, gid } = idOf(USER)
    await chown(dir, uid, gid)
    await chmod(dir, 0o700)
  }
  const data = join(dir, 'data')
  const ctl = async (verb: string, ...more: string[]) => {
    await as(join(bin, 'pg_ctl'), ['-D', data, '-w', '-t', '60', '-l', join(dir, 'log'), ...more, verb])
  }
  await as(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', USER, '--no-sync'])
  // A process that is killed loses nothing that it has written, synced or not.
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=120']
  const options = ['-o', [`-p ${port}`, ...settings.map((each) => `-c ${each}`)].join(' ')]
  await ctl('start', ...options)
  // It is no child of this process, and must not outlive it.
  const atExit = () => {
    const stop = ['-D', data, '-m', 'immediate', 'stop']
    spawnSync(join(bin, 'pg_ctl'), stop, { ...(isRoot() ? idOf(USER) : {}), cwd: '/', stdio: 'ignore' })
  }
  process.once('exit', atExit)
  return {
    url: `postgresql://${USER}@127.0.0.1:${port}/postgres`,
    crashAndRestart: () => ctl('restart', '-m', 'immediate', ...options),
    stop: async () => {
      process.removeListener('exit', atExit)
      await ctl('stop', '-m', 'immediate')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const isRoot = () => process.getuid?.() === 0

function idOf(user: string): { uid: number; gid: number } {
  const ask = (flag: string) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout)
  return { uid: ask('-u'), gid: ask('-g') }
}

/** PostgreSQL does not run as root. */
async function as(command: string, args: readonly string[]): Promise<void> {
  const who = isRoot() ? idOf(USER) : {}
  await run(command, [...args], { ...who, cwd: '/', timeout: 90_000 })
}

async function findBin(): Promise<string> {
  const debian = '/usr/lib/postgresql'
  const versions = (await readdir(debian).catch(() => [])).sort((a, b) => Number(a) - Number(b))
  const newest = versions.at(-1)
  if (newest !== undefined) return join(debian, newest, 'bin')
  const { stdout } = await run('pg_config', ['--bindir'])
  return stdout.trim()
}
