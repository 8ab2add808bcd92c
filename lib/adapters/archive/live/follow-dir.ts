import { copyFile, link, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHex64, formatHex64Bare, parseHex64 } from '../../../base/hex64.ts'
import { stringifyJson } from '../../../base/json.ts'
import { makeDir } from '../../../base/make-dir.ts'
import type { TxnEntry } from '../../../domain/txnlog/entry.ts'
import { TxnLogError } from '../../../domain/txnlog/errors.ts'
import { LOG_HEAD_BYTES, LogReader } from '../../../domain/txnlog/read-log.ts'
import { type DataDir, findDataDir, type NamedFile } from '../data-dir.ts'
import { ArchiveError, isErrnoError, toArchiveError } from '../errors.ts'
import { noteExactBase } from '../exact-bases.ts'
import { missedBelowOf, parseFollowedGaps } from '../followed-gaps.ts'
import { logSourcesOf, readLogBytes } from '../log-file.ts'
import type { BaseFile } from '../store.ts'
import { findTempOwner, mayBeAlive, removeTree, syncDir, tempName } from '../temp-dir.ts'
import type { FollowGap, FollowHolding, FollowSink } from './follow-sink.ts'
import type { LiveBase } from './live-tree.ts'
import { LogAppender } from './log-appender.ts'

/**
 * Keeps a stream as a data directory that servers and `replay` read: `version-2/snapshot.*` and `version-2/log.*`. Beside it `gaps.jsonl`, `.follow`
 * (who is at work, and files in the making), and `aside-*`: what an ensemble had and has no more.
 *
 * A process may be killed at any time: entries are written in order, each frame ends with its own byte, and a base gets its name when it is
 * whole. So what is found is a gap-free history with at most one entry that is cut, which is taken off.
 */
export function createFollowDir(dir: string): FollowSink {
  return new FollowDir(dir)
}

class FollowDir implements FollowSink {
  readonly scratchDir: string
  readonly #dir: string
  readonly #files: string
  readonly #lock: string
  readonly #gapsFile: string
  readonly #log: LogAppender
  /** Lines of its file. */
  #gaps: readonly string[] = []
  #isLocked = false

  constructor(dir: string) {
    this.#dir = dir
    this.#files = join(/* turbopackIgnore: true */ dir, 'version-2')
    this.scratchDir = join(/* turbopackIgnore: true */ dir, '.follow', 'scratch')
    this.#lock = join(/* turbopackIgnore: true */ dir, '.follow', 'lock')
    this.#gapsFile = join(/* turbopackIgnore: true */ dir, 'gaps.jsonl')
    this.#log = new LogAppender(this.#files)
  }

  async open(): Promise<FollowHolding> {
    return this.#attempt(`opening ${this.#dir}`, async () => {
      await this.#assertOurs()
      // First: what has it is ours, at whatever time a process is killed.
      await makeDir(join(/* turbopackIgnore: true */ this.#dir, '.follow'))
      await this.#takeLock()
      await makeDir(this.#files)
      await removeTree(this.scratchDir)
      await makeDir(this.scratchDir)
      this.#gaps = (await readTextIfAny(this.#gapsFile)).split('\n').filter((line) => line.endsWith('}'))
      return this.#takeStock()
    })
  }

  async append(entries: readonly TxnEntry[]): Promise<void> {
    await this.#log.append(entries)
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  async base(base: LiveBase): Promise<void> {
    await this.#attempt(`keeping the base at ${formatHex64(base.zxid)}`, async () => {
      // What leads to it first: a base whose log was lost would hide that it was.
      await this.#log.flush()
      const name = `snapshot.${formatHex64Bare(base.zxid)}`
      await noteExactBase(this.#files, { ...base, name })
      await rename(base.path, this.#pathOf(name))
      await syncDir(this.#files)
    })
  }

  async gap(gap: FollowGap): Promise<void> {
    const { from, to, why, isCertain, atMs } = gap
    const perhaps = isCertain ? {} : { perhaps: true }
    const line = stringifyJson({ from: formatHex64(from), to: formatHex64(to), why, ...perhaps, at: atMs })
    await this.#attempt(`noting a gap in ${this.#gapsFile}`, async () => {
      await this.#log.roll()
      await this.#writeGaps([...this.#gapsBut(gap), line])
    })
  }

  async noGap(gap: FollowGap): Promise<void> {
    await this.#attempt(`taking a gap out of ${this.#gapsFile}`, () => this.#writeGaps(this.#gapsBut(gap)))
  }

  async rollBack(to: bigint | null): Promise<FollowHolding> {
    return this.#attempt(`laying aside what lies behind ${to === null ? 'the start' : formatHex64(to)}`, async () => {
      await this.#log.roll()
      const place = await this.#list()
      const aside = await this.#makeAside(place)
      const isBehind = ({ zxid }: NamedFile) => to === null || zxid > to
      for (const { name } of [...place.snapshots, ...place.logs].filter(isBehind)) {
        await rename(this.#pathOf(name), join(/* turbopackIgnore: true */ aside, name))
      }
      const last = place.logs.filter((log) => !isBehind(log)).at(-1)
      if (last !== undefined && to !== null) {
        const end = await readEnd(this.#pathOf(last.name), to)
        await copyFile(this.#pathOf(last.name), join(/* turbopackIgnore: true */ aside, last.name))
        await syncDir(aside)
        await truncate(this.#pathOf(last.name), end.bytes)
      }
      await this.#layGapsAside(to, aside)
      await syncDir(aside)
      await syncDir(this.#files)
      return this.#takeStock()
    })
  }

  async close(): Promise<void> {
    await this.#log.roll()
    await removeTree(this.scratchDir)
    if (this.#isLocked) await rm(this.#lock, { force: true })
    this.#isLocked = false
  }

  /** What was missed of a past that the ensemble has no more. */
  async #layGapsAside(to: bigint | null, aside: string): Promise<void> {
    const isBehind = (line: string) =>
      to === null || (parseHex64(/^{"from":"(0x[0-9a-f]+)"/.exec(line)?.[1] ?? '') ?? 0n) > to
    const laid = this.#gaps.filter(isBehind)
    if (laid.length === 0) return
    await writeFile(
      join(/* turbopackIgnore: true */ aside, '..', 'gaps.jsonl'),
      laid.map((line) => `${line}\n`).join(''),
    )
    await this.#writeGaps(this.#gaps.filter((line) => !isBehind(line)))
  }

  #gapsBut({ from }: FollowGap): string[] {
    const start = `{"from":"${formatHex64(from)}",`
    return this.#gaps.filter((line) => !line.startsWith(start))
  }

  async #writeGaps(lines: readonly string[]): Promise<void> {
    const path = join(/* turbopackIgnore: true */ this.#dir, '.follow', tempName())
    await writeFile(path, lines.map((line) => `${line}\n`).join(''), { flush: true })
    await rename(path, this.#gapsFile)
    await syncDir(this.#dir)
    this.#gaps = lines
  }

  #pathOf(name: string): string {
    return join(/* turbopackIgnore: true */ this.#files, name)
  }

  async #list(): Promise<DataDir> {
    const found = await findDataDir(this.#files)
    return found ?? { dir: this.#files, logDir: this.#files, snapshots: [], logs: [] }
  }

  /** Puts the newest log in order, goes on in it, and says what there is. */
  async #takeStock(): Promise<FollowHolding> {
    let place = await this.#list()
    let last: bigint | null = place.snapshots[0]?.zxid ?? null
    for (let newest = place.logs.at(-1); newest !== undefined; newest = place.logs.at(-1)) {
      const path = this.#pathOf(newest.name)
      const end = await readEnd(path)
      if (end.last !== null) {
        if (end.isDamaged) {
          const aside = await this.#makeAside(place)
          await copyFile(path, join(/* turbopackIgnore: true */ aside, newest.name))
        }
        await truncate(path, end.bytes)
        await this.#log.resume(newest.name, end.bytes)
        if (last === null || end.last > last) last = end.last
        else if (end.last < last) await this.#log.roll()
        break
      }
      // Its first entry was never whole.
      if (end.isDamaged) await rename(path, join(/* turbopackIgnore: true */ await this.#makeAside(place), newest.name))
      else await rm(path)
      place = await this.#list()
    }
    const bases = place.snapshots.map(({ name, zxid }): BaseFile => ({ name, zxid, path: this.#pathOf(name) }))
    // The tree is not made across what is missing, nor across what perhaps is: the leader has it.
    const missedBelow = missedBelowOf(parseFollowedGaps(this.#gaps), { perhaps: true })
    const logs = logSourcesOf(place).map((log) => ({ ...log, missedBelow }))
    return { last, bases, logs, gaps: this.#gaps.length }
  }

  async #makeAside(place: DataDir): Promise<string> {
    const newest = [...place.snapshots, ...place.logs].reduce((max, { zxid }) => (zxid > max ? zxid : max), 0n)
    for (let number = 1; ; number++) {
      const aside = join(/* turbopackIgnore: true */ this.#dir, `aside-${formatHex64Bare(newest)}-${number}`)
      const made = await mkdir(aside).catch((error: unknown) => {
        if (isErrnoError(error) && error.code === 'EEXIST') return null
        throw error
      })
      if (made === null) continue
      const files = join(/* turbopackIgnore: true */ aside, 'version-2')
      await mkdir(files)
      return files
    }
  }

  /** The directory of a server, or anybody's, is not written into. */
  async #assertOurs(): Promise<void> {
    const names = await readdir(this.#dir).catch((error: unknown): string[] => {
      if (isErrnoError(error) && error.code === 'ENOENT') return []
      throw error
    })
    if (names.includes('.follow') || names.every((name) => name === 'lost+found')) return
    throw new ArchiveError('UNSUPPORTED', `${this.#dir} is not empty, and no follow has written it`, {
      unaffected: 'nothing was written',
      remedy: 'give a new or empty folder, or one that follow has written before',
    })
  }

  async #takeLock(): Promise<void> {
    const name = tempName()
    // It has its content from the moment it is there.
    const aside = `${this.#lock}-${name}`
    await writeFile(aside, name)
    try {
      for (let tries = 0; ; tries++) {
        try {
          await link(aside, this.#lock)
          this.#isLocked = true
          return
        } catch (error) {
          if (!isErrnoError(error) || error.code !== 'EEXIST') throw error
        }
        const owner = findTempOwner(await readTextIfAny(this.#lock))
        if (tries > 0 || owner === null || mayBeAlive(owner)) throw this.#inUse(owner?.pid)
        await rm(this.#lock, { force: true })
      }
    } finally {
      await rm(aside, { force: true })
    }
  }

  #inUse(pid: number | undefined): ArchiveError {
    return new ArchiveError('IN_USE', `${this.#dir} is being written by another follow (process ${pid ?? 'unknown'})`, {
      unaffected: 'nothing was written',
      remedy: `end it first; if none is running, remove ${this.#lock}`,
    })
  }

  async #attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw toArchiveError(error, doing)
    }
  }
}

interface LogExtent {
  /** Of the last whole entry, up to `to`; null: there is none. */
  readonly last: bigint | null
  /** Where it ends. */
  readonly bytes: number
  /** More than a last write is not whole. */
  readonly isDamaged: boolean
}

async function readEnd(path: string, to: bigint | null = null): Promise<LogExtent> {
  const reader = new LogReader(readLogBytes(path), { allowBareCheck: true })
  let last: bigint | null = null
  let bytes = LOG_HEAD_BYTES
  let isDamaged = false
  try {
    for await (const batch of reader.readEntries()) {
      for (const entry of batch) {
        if (to !== null && entry.zxid > to) return { last, bytes, isDamaged }
        last = entry.zxid
        bytes = entry.frame.to
      }
    }
    isDamaged = reader.end?.tear?.dataBehind ?? false
  } catch (error) {
    if (!(error instanceof TxnLogError)) throw error
    isDamaged = true
  } finally {
    await reader.close()
  }
  return { last, bytes, isDamaged }
}

async function readTextIfAny(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return ''
    throw error
  }
}
