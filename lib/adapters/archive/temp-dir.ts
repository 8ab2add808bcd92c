import { randomUUID } from 'node:crypto'
import { lstat, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = '.tmp-'
// Host names may hold dashes; in the name of a temporary they must not, because the name is taken apart at them.
const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')

export interface TempOwner {
  readonly pid: number
  readonly host: string
}

/** `.tmp-<pid>-<host>-<random>`: says which process may be asked whether it still works on it. */
export function tempName(): string {
  return `${PREFIX}${process.pid}-${HOST}-${randomUUID().slice(0, 8)}`
}

/** Owner of a temporary by its name; null for any other name. */
export function findTempOwner(name: string): TempOwner | null {
  const match = /^\.tmp-(\d+)-([^-]*)/.exec(name)
  return match ? { pid: Number(match[1]), host: match[2] ?? '' } : null
}

export function isTempName(name: string): boolean {
  return name.startsWith(PREFIX)
}

/** False only when the owner ran on this host and its process is gone. */
export function mayBeAlive(owner: TempOwner): boolean {
  if (owner.host !== HOST) return true
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export async function makeTempDir(parentDir: string): Promise<string> {
  const dir = join(parentDir, tempName())
  await mkdir(dir)
  return dir
}

/** In the system's temporary folder, for this user alone; its name says whose it is, for `sweepSystemTemp`. */
export function makeSystemTempDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), `arkeeper-${process.pid}-${HOST}-`))
}

/** Removes what processes of this user and host that are gone, killed perhaps, have left in the system's temporary folder. Gives how many. */
export async function sweepSystemTemp(parentDir = tmpdir()): Promise<number> {
  let swept = 0
  for (const name of await readdir(parentDir).catch(() => [])) {
    const match = /^arkeeper-(\d+)-([A-Za-z0-9._]+)-[A-Za-z0-9]{6}$/.exec(name)
    // Of another host that has the same folder nobody here can say whether it is at work.
    if (!match || match[2] !== HOST || mayBeAlive({ pid: Number(match[1]), host: HOST })) continue
    const dir = join(parentDir, name)
    const found = await lstat(dir).catch(() => null)
    if (found === null || !found.isDirectory() || found.uid !== process.getuid?.()) continue
    await removeTree(dir)
    swept++
  }
  return swept
}

export async function removeTree(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}

/** Makes names in a directory (a creation, a rename) survive a power loss. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
