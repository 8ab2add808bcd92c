import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makeDir } from '../../base/make-dir.ts'
import { ServiceError } from '../errors.ts'

const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
const LOCK = 'lock'
const LOCK_TRY_MS = 20
/** Longer than anything that is done under it; who holds it longer is gone, or stopped. */
const LOCK_STALE_MS = 30_000
const LOCK_WAIT_MS = 60_000

export interface CachedArchive {
  /** Whole and checked when it came. */
  readonly dir: string
  release(): Promise<void>
}

/**
 * Archives of stores of objects as folders of this host: each fetched once, whole, then shared by all processes that have this folder, and
 * dropped when the room is needed and nobody reads it. `<entry>` is an archive, `<entry>.use-<pid>-<host>-<random>` a process that reads it.
 */
export class ArchiveCache {
  readonly root: string
  readonly #bytesMax: number
  readonly #filling = new Map<string, Promise<void>>()

  constructor(root: string, bytesMax: number) {
    this.root = root
    this.#bytesMax = bytesMax
  }

  /** `fill` writes the archive into a folder that is there and empty. */
  async borrow(key: string, fill: (dir: string) => Promise<void>): Promise<CachedArchive> {
    const entry = entryOf(key)
    const dir = join(this.root, entry)
    const mark = join(this.root, `${entry}.use-${processTag()}`)
    await makeDir(this.root, 0o700)
    const isThere = await this.#locked(async () => {
      await writeFile(mark, '', { mode: 0o600 })
      return touch(dir)
    })
    const release = () => rm(mark, { force: true })
    try {
      if (!isThere) await this.#fillOnce(entry, fill)
      return { dir, release }
    } catch (error) {
      await release()
      throw error
    }
  }

  /** An archive of this host that lies in the store now: whoever reads it next finds it here. Takes the folder. */
  async put(key: string, archiveDir: string): Promise<void> {
    await makeDir(this.root, 0o700)
    await this.#place(entryOf(key), archiveDir)
  }

  /** Forgets one that was removed from its store. What still reads it goes on. */
  async drop(key: string): Promise<void> {
    const entry = entryOf(key)
    if (!(await isFolder(this.root))) return
    await this.#locked(async () => {
      if (!isInUse(await readdir(this.root), entry)) await this.#remove(entry)
    })
  }

  /** An empty folder of this process; `sweep` removes it when the process is gone. */
  async makeTemp(): Promise<string> {
    await makeDir(this.root, 0o700)
    const dir = join(this.root, `.tmp-${processTag()}`)
    await mkdir(dir, { mode: 0o700 })
    return dir
  }

  /** Removes what processes of this host that are gone have left. */
  async sweep(): Promise<void> {
    const names = await readdir(this.root).catch(() => [])
    for (const name of names) {
      const match = /(?:^\.tmp-|\.use-)(\d+)-([^-]*)-/.exec(name)
      if (!match || match[2] !== HOST || isAlive(Number(match[1]))) continue
      await rm(join(this.root, name), { recursive: true, force: true })
    }
  }

  async #fillOnce(entry: string, fill: (dir: string) => Promise<void>): Promise<void> {
    const filling = this.#filling.get(entry) ?? this.#fill(entry, fill).finally(() => void this.#filling.delete(entry))
    this.#filling.set(entry, filling)
    await filling
  }

  async #fill(entry: string, fill: (dir: string) => Promise<void>): Promise<void> {
    const temp = await this.makeTemp()
    try {
      await fill(temp)
      await this.#place(entry, temp)
    } finally {
      await rm(temp, { recursive: true, force: true })
    }
  }

  async #place(entry: string, from: string): Promise<void> {
    await this.#locked(async () => {
      const dir = join(this.root, entry)
      // Another process was quicker.
      if (await touch(dir)) await rm(from, { recursive: true, force: true })
      else await rename(from, dir)
      await this.#evict(entry)
    })
  }

  /** Least recently used first, until the rest fits. */
  async #evict(newest: string): Promise<void> {
    const names = await readdir(this.root)
    const entries: { name: string; bytes: number; usedAt: number }[] = []
    for (const name of names) {
      if (!/^[0-9a-f]{32}$/.test(name)) continue
      const dir = join(this.root, name)
      let bytes = 0
      for (const file of await readdir(dir)) bytes += (await stat(join(dir, file))).size
      entries.push({ name, bytes, usedAt: (await stat(dir)).mtimeMs })
    }
    let sum = entries.reduce((total, { bytes }) => total + bytes, 0)
    for (const { name, bytes } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (sum <= this.#bytesMax) return
      if (name === newest || isInUse(names, name)) continue
      await this.#remove(name)
      sum -= bytes
    }
  }

  /** Out of sight first, so that no half of it is ever found. */
  async #remove(entry: string): Promise<void> {
    const aside = join(this.root, `.tmp-${processTag()}`)
    try {
      await rename(join(this.root, entry), aside)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      throw error
    }
    await rm(aside, { recursive: true, force: true })
  }

  /** Of all processes of this host one at a time, for a moment. */
  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = join(this.root, LOCK)
    for (const until = Date.now() + LOCK_WAIT_MS; ; ) {
      try {
        await mkdir(lock)
        break
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
      const held = await stat(lock).catch(() => null)
      if (held && Date.now() - held.mtimeMs > LOCK_STALE_MS) {
        // Only one of those who see that moves it away.
        const aside = join(this.root, `.tmp-${processTag()}`)
        await rename(lock, aside).then(
          () => rm(aside, { recursive: true, force: true }),
          () => undefined,
        )
        continue
      }
      if (Date.now() > until) {
        throw new ServiceError('TOO_MANY', `The cache of archives in ${this.root} is locked`, { remedy: 'try again' })
      }
      await pause(LOCK_TRY_MS)
    }
    try {
      return await work()
    } finally {
      await rm(lock, { recursive: true, force: true })
    }
  }
}

function entryOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

function processTag(): string {
  return `${process.pid}-${HOST}-${randomBytes(4).toString('hex')}`
}

function isInUse(names: readonly string[], entry: string): boolean {
  return names.some((name) => {
    if (!name.startsWith(`${entry}.use-`)) return false
    const [, pid = '', host = ''] = /\.use-(\d+)-([^-]*)-/.exec(name) ?? []
    return host !== HOST || isAlive(Number(pid))
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** True when it is there: then it was used just now. */
async function touch(dir: string): Promise<boolean> {
  const now = new Date()
  try {
    await utimes(dir, now, now)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function isFolder(dir: string): Promise<boolean> {
  const found = await stat(dir).catch(() => null)
  return found?.isDirectory() ?? false
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
