import { randomUUID } from 'node:crypto'
import { appendFile, readdir, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, relative, sep } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { makeDir } from '../../base/make-dir.ts'
import { isDatabaseAway } from '../database/errors.ts'
import type { PrismaClient } from '../database/generated/client.ts'
import { ARRIVING, arrivingPath, fetchFile, isThere, type StoredFile, storeFile } from './file-chunks.ts'
import { leaseLost, openLinesInDatabase } from './lines-in-database.ts'
import type { Fence, WorkFilesDb, WorkFilesPort, WorkFolder } from './work-files.ts'

/** Below it, each process has a folder: no two of them are ever in each other's way, and what it fetched is known without looking. */
const COPIES = 'copies'
/** Of this process, while they are open. */
const ROOTS = new Set<string>()
const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
/** Of what was fetched to read. */
const CACHE_BYTES_MAX = 2 * 1024 ** 3
const IN_USE_MS = 10 * 60_000
/** A file that arrives is touched far more often. */
const ABANDONED_MS = 60 * 60_000
const FOREIGN_MS = 7 * 24 * 60 * 60_000
const LINE_ROWS_AT_ONCE = 200
const ATTEMPTS_MAX = 4
const PAUSE_MS = 400

export interface DatabaseWorkFilesOptions {
  readonly db: PrismaClient
  readonly workDir: string
  readonly clock: Clock
  readonly cacheBytesMax?: number
}

/** What this process knows of a folder on its disk. */
interface Copy {
  readonly dir: string
  /** Name → row that the file on the disk is of. */
  readonly files: Map<string, StoredFile>
  /** Name → number of the next row of lines. */
  readonly lines: Map<string, number>
  bytes: number
  usedAtMs: number
}

/** The files of jobs in the database, for hosts that share nothing else. */
export function createDatabaseWorkFiles(options: DatabaseWorkFilesOptions): WorkFilesPort {
  return new DatabaseWorkFiles(options)
}

class DatabaseWorkFiles implements WorkFilesPort {
  readonly #db: PrismaClient
  readonly #clock: Clock
  readonly #home: string
  readonly #root: string
  readonly #cacheBytesMax: number
  readonly #copies = new Map<string, Copy>()
  readonly #atWork = new Map<string, Promise<unknown>>()

  constructor({ db, workDir, clock, cacheBytesMax = CACHE_BYTES_MAX }: DatabaseWorkFilesOptions) {
    this.#db = db
    this.#clock = clock
    this.#home = join(workDir, COPIES)
    this.#root = join(this.#home, `${process.pid}-${HOST}-${randomUUID().slice(0, 8)}`)
    this.#cacheBytesMax = cacheBytesMax
    ROOTS.add(this.#root)
  }

  fetch(folder: string, { db = this.#db }: { readonly db?: WorkFilesDb } = {}): Promise<string> {
    return this.#inTurn(folder, async () => {
      const copy = this.#copies.get(folder) ?? newCopy(join(this.#root, 'read', folder))
      this.#copies.set(folder, copy)
      copy.usedAtMs = performance.now()
      await this.#bring(db, folder, copy)
      await this.#makeRoom()
      return copy.dir
    })
  }

  async begin(folder: string, { fence = null }: { readonly fence?: Fence | null } = {}): Promise<WorkFolder> {
    const copy = newCopy(join(this.#root, 'own', randomUUID(), folder))
    await this.#bring(this.#db, folder, copy)
    return {
      dir: copy.dir,
      publish: (names) => this.#publish(folder, copy, fence, names),
      openLines: async (name) => {
        const from = copy.lines.get(name) ?? 0
        copy.lines.set(name, from)
        return openLinesInDatabase(this.#db, { folder, name, from, fence, nowMs: () => this.#clock.now() })
      },
      drop: async (name) => {
        await this.#db.workLines.deleteMany({ where: { folder, name } })
        await this.#db.workFile.deleteMany({ where: { path: toPath(folder, name) } })
        await rm(join(copy.dir, name), { force: true })
      },
      end: () => rm(copy.dir, { recursive: true, force: true }),
    }
  }

  async remove(folder: string): Promise<void> {
    await this.#db.workLines.deleteMany({ where: { folder } })
    await this.#db.workFile.deleteMany({ where: { folder } })
    await this.#inTurn(folder, () => this.#forget(folder))
  }

  async list(kind: string): Promise<readonly { folder: string; touchedAtMs: number }[]> {
    const rows = await this.#db.workFile.findMany({
      where: { kind },
      orderBy: [{ touchedAt: 'desc' }, { id: 'asc' }],
      select: { folder: true, touchedAt: true },
    })
    const lines = await this.#db.workLines.groupBy({
      by: ['folder'],
      where: { folder: { startsWith: `${kind}/` } },
      _max: { at: true },
    })
    const folders = new Map<string, number>()
    const add = (folder: string, at: Date | null) =>
      folders.set(folder, Math.max(folders.get(folder) ?? 0, at?.getTime() ?? 0))
    for (const { folder, touchedAt } of rows) add(folder, touchedAt)
    for (const { folder, _max } of lines) add(folder, _max.at)
    return [...folders]
      .map(([folder, touchedAtMs]) => ({ folder, touchedAtMs }))
      .sort((a, b) => b.touchedAtMs - a.touchedAtMs)
  }

  async touch(folder: string): Promise<void> {
    await this.#db.workFile.updateMany({ where: { folder }, data: { touchedAt: new Date(this.#clock.now()) } })
  }

  async sweep(): Promise<void> {
    const before = new Date(this.#clock.now() - ABANDONED_MS)
    await this.#db.workFile.deleteMany({ where: { kind: ARRIVING, touchedAt: { lt: before } } })
    for (const name of await readdir(this.#home).catch(() => [])) {
      const dir = join(this.#home, name)
      const [, pid, host] = /^(\d+)-([^-]*)-/.exec(name) ?? []
      if (ROOTS.has(dir) || pid === undefined) continue
      // Of a host that is called otherwise nothing is known but that its processes touch their folder.
      const isGone = host === HOST ? !isOther(Number(pid)) : Date.now() - (await modifiedMs(dir)) > FOREIGN_MS
      if (isGone) await rm(dir, { recursive: true, force: true })
    }
    await utimes(this.#root, new Date(), new Date()).catch(() => undefined)
  }

  async close(): Promise<void> {
    ROOTS.delete(this.#root)
    await rm(this.#root, { recursive: true, force: true })
    this.#copies.clear()
  }

  /** The folder on the disk becomes what it is in the database; what was made here and is not published yet stays. */
  async #bring(db: WorkFilesDb, folder: string, copy: Copy): Promise<void> {
    await makeDir(copy.dir, 0o700)
    for (let isSettled = false; !isSettled; ) isSettled = await this.#bringFiles(db, folder, copy)
    await this.#bringLines(db, folder, copy)
  }

  async #bringFiles(db: WorkFilesDb, folder: string, copy: Copy): Promise<boolean> {
    const rows = await db.workFile.findMany({
      where: { folder },
      orderBy: { id: 'asc' },
      select: { id: true, path: true, bytes: true, sha256: true },
    })
    const names = new Set(rows.map(({ path }) => path.slice(folder.length + 1)))
    for (const [name] of copy.files) {
      if (names.has(name)) continue
      copy.files.delete(name)
      await rm(join(copy.dir, name), { force: true })
    }
    for (const { path, ...stored } of rows) {
      const name = path.slice(folder.length + 1)
      const file = join(copy.dir, name)
      if (copy.files.get(name)?.id === stored.id && (await isThere(file, stored.bytes))) continue
      if (!(await fetchFile(db, stored, file))) return false
      copy.files.set(name, stored)
    }
    copy.bytes = rows.reduce((sum, { bytes }) => sum + Number(bytes), 0)
    return true
  }

  async #bringLines(db: WorkFilesDb, folder: string, copy: Copy): Promise<void> {
    const logs = await db.workLines.groupBy({ by: ['name'], where: { folder }, _max: { n: true } })
    for (const [name] of copy.lines) {
      if (logs.some((log) => log.name === name)) continue
      copy.lines.delete(name)
      await rm(join(copy.dir, name), { force: true })
    }
    for (const { name } of logs) {
      const file = join(copy.dir, name)
      for (;;) {
        const from = copy.lines.get(name) ?? 0
        const rows = await db.workLines.findMany({
          where: { folder, name, n: { gte: from } },
          orderBy: { n: 'asc' },
          take: LINE_ROWS_AT_ONCE,
          select: { n: true, text: true },
        })
        const text = rows.map((row) => row.text).join('')
        if (rows.length > 0) await appendFile(file, text, { mode: 0o600 })
        copy.lines.set(name, (rows.at(-1)?.n ?? from - 1) + 1)
        if (rows.length < LINE_ROWS_AT_ONCE) break
      }
    }
  }

  async #publish(folder: string, copy: Copy, fence: Fence | null, names?: readonly string[]): Promise<void> {
    const all = names ?? (await filesIn(copy.dir)).filter((name) => !copy.lines.has(name))
    const arrived: { readonly name: string; readonly stored: StoredFile }[] = []
    for (const name of all) {
      const stored = await storeFile(this.#db, join(copy.dir, name), () => this.#clock.now())
      arrived.push({ name, stored })
    }
    try {
      await this.#swap(folder, arrived, fence, names === undefined)
    } catch (error) {
      const ids = arrived.map(({ stored }) => stored.id)
      const paths = arrived.map(({ stored }) => arrivingPath(stored.id))
      await this.#db.workFile.deleteMany({ where: { id: { in: ids }, path: { in: paths } } }).catch(() => undefined)
      throw error
    }
    if (names === undefined) copy.files.clear()
    for (const { name, stored } of arrived) copy.files.set(name, stored)
  }

  /** All at once: the rows that have arrived take the place of those that were there. */
  async #swap(
    folder: string,
    arrived: readonly { readonly name: string; readonly stored: StoredFile }[],
    fence: Fence | null,
    isWhole: boolean,
  ): Promise<void> {
    const ids = arrived.map(({ stored }) => stored.id)
    const paths = arrived.map(({ name }) => toPath(folder, name))
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#db.$transaction(async (tx) => {
          if (fence && !(await fence(tx))) throw leaseLost()
          // By id and not by path, so that it may be done again after an answer that was lost.
          const former = isWhole ? { folder } : { path: { in: paths } }
          await tx.workFile.deleteMany({ where: { ...former, id: { notIn: ids } } })
          const touchedAt = new Date(this.#clock.now())
          const kind = kindOf(folder)
          for (const { name, stored } of arrived) {
            const data = { path: toPath(folder, name), folder, kind, touchedAt }
            await tx.workFile.update({ where: { id: stored.id }, data, select: { id: true } })
          }
        })
        return
      } catch (error) {
        const isTakenMeanwhile = error instanceof Error && 'code' in error && error.code === 'P2002'
        if (attempt === ATTEMPTS_MAX || !(isTakenMeanwhile || isDatabaseAway(error))) throw error
        await pause(PAUSE_MS * attempt)
      }
    }
  }

  async #makeRoom(): Promise<void> {
    let bytes = [...this.#copies.values()].reduce((sum, copy) => sum + copy.bytes, 0)
    const byUse = [...this.#copies].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs)
    for (const [folder, copy] of byUse) {
      if (bytes <= this.#cacheBytesMax || performance.now() - copy.usedAtMs < IN_USE_MS) return
      bytes -= copy.bytes
      await this.#forget(folder)
    }
  }

  async #forget(folder: string): Promise<void> {
    const copy = this.#copies.get(folder)
    this.#copies.delete(folder)
    if (copy) await rm(copy.dir, { recursive: true, force: true })
  }

  /** One after the other, so that two readers do not bring the same folder at once. */
  async #inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
    const before = this.#atWork.get(folder) ?? Promise.resolve()
    const done = before.catch(() => undefined).then(work)
    this.#atWork.set(folder, done)
    try {
      return await done
    } finally {
      if (this.#atWork.get(folder) === done) this.#atWork.delete(folder)
    }
  }
}

function newCopy(dir: string): Copy {
  return { dir, files: new Map(), lines: new Map(), bytes: 0, usedAtMs: performance.now() }
}

const toPath = (folder: string, name: string) => `${folder}/${name}`
const kindOf = (folder: string) => folder.split('/')[0] ?? folder

/** Finished ones, with `/` in their names on every system. */
async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
}

/** Alive, and not this process, whose own are in `ROOTS`: in a container each one has the number of the one before. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function modifiedMs(dir: string): Promise<number> {
  return stat(dir).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  )
}
