import type { ArchiveDescription } from '../../adapters/archive/store.ts'
import type { ClusterConnection, ClusterTarget, LiveWalk, MoveFeed } from '../../adapters/zookeeper/connection.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency, Manifest } from '../../domain/snapshot/manifest.ts'
import { patchStream } from '../../domain/znode/patch-stream.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import type { UnreadableZnode, ZnodeStream } from '../../domain/znode/znode.ts'
import type { EngineContext } from '../context.ts'
import { assertChroot } from './assert-chroot.ts'
import { splitConnectString } from './connect-string.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { type MovesReread, rereadMoves, ZxidLedger } from './reread-moves.ts'
import { parseRoots } from './scope.ts'
import { publishStaged, withStagingDir } from './staging.ts'
import { findStaleEntries } from './stale-entries.ts'

export interface TakeBackupInput {
  readonly target: ClusterTarget
  readonly clusterName: string
  /** Subtrees; none means the whole tree, /zookeeper included. */
  readonly paths: readonly string[]
  /** The cluster's folder in a store. */
  readonly parentDir: string
  readonly note?: string
  /** Znodes of a former backup of the same scope: gives the time left. */
  readonly expectedZnodes?: number | null
  readonly onProgress?: OnProgress
}

export interface TakenBackup {
  readonly dir: string
  readonly manifest: Manifest
  readonly archiveBytes: number
}

/** Paths listed in a manifest; where there were more, movedKnown says that the list is not whole. */
export const MOVED_LISTED_MAX = 10_000
export const QUOTA_ROOT = '/zookeeper/quota'

/**
 * Walks the live tree into an archive, reads again what moved meanwhile, and says how sure the result is to be one state.
 * Throws NO_NODE for a root that does not exist. On any failure no archive is left.
 */
export async function takeBackup(context: EngineContext, input: TakeBackupInput): Promise<TakenBackup> {
  const roots = parseRoots(input.paths)
  const startedAtMs = context.clock.now()
  const { signal } = context
  const connection = await context.zookeeper.connect(input.target, { signal })
  let feed: MoveFeed | null = null
  try {
    await assertChroot(connection, input.target.connectString, signal)
    feed = (await connection.followMoves?.(roots, { signal })) ?? null
    const walk = connection.walk(roots, { signal, includeSystem: true, watchMoves: feed === null })
    const backup = new Backup({ context, input, roots, connection, walk, feed, startedAtMs })
    return await (feed ? backup.takeFollowed(feed) : backup.takeOnce())
  } finally {
    await feed?.close()
    await connection.close()
  }
}

interface BackupParts {
  readonly context: EngineContext
  readonly input: TakeBackupInput
  readonly roots: readonly string[]
  readonly connection: ClusterConnection
  readonly walk: LiveWalk
  readonly feed: MoveFeed | null
  readonly startedAtMs: number
}

class Backup {
  readonly #parts: BackupParts
  readonly #meter: ProgressMeter
  readonly #ledger: ZxidLedger
  readonly #silent: string[] = []
  readonly #unreadable = new Map<string, UnreadableZnode>()

  constructor(parts: BackupParts) {
    this.#parts = parts
    this.#meter = new ProgressMeter(parts.context.clock, parts.input.onProgress)
    this.#ledger = new ZxidLedger(parts.feed?.armedAt ?? 0n)
  }

  /** For servers without recursive watches: what moved is at best known from the walk itself, and not read again. */
  async takeOnce(): Promise<TakenBackup> {
    return this.#write(this.#parts.input.parentDir, this.#readTree(), () => {
      const facts = this.#parts.walk.facts()
      const { from, to } = this.#window()
      if (from === to) return this.#describe(to, quiet(to))
      const moved = [...new Set([...(facts.moved ?? []), ...facts.vanished])].sort()
      return this.#describe(to, fuzzy({ from, to, moved, movedKnown: facts.moved !== null, movedReread: false }))
    })
  }

  /**
   * The walk is written into a staging folder. When it holds what was read again, that archive is the backup; else both are merged
   * into a second one: path order does not allow to correct what is written already.
   */
  async takeFollowed(feed: MoveFeed): Promise<TakenBackup> {
    const { input, context } = this.#parts
    return withStagingDir(input.parentDir, async (staging) => {
      const outcome: { description?: ArchiveDescription; reread?: MovesReread } = {}
      const first = await this.#write(staging, this.#readTree(), async () => {
        const { from, to } = this.#window()
        if (from === to) return this.#describe(to, quiet(to))
        const reread = await this.#reread(feed, from, to)
        outcome.reread = reread
        outcome.description = this.#describe(reread.to, this.#judge(from, reread))
        return outcome.description
      })
      const { description, reread } = outcome
      if (!reread || !description || reread.patch.length === 0)
        return { ...first, dir: await publishStaged(first.dir, input.parentDir) }

      const source = await context.archives.open(first.dir)
      try {
        const patch = await findStaleEntries(source, reread.patch, { signal: context.signal })
        if (patch.length === 0) return { ...first, dir: await publishStaged(first.dir, input.parentDir) }
        const stream = source.readSubtree(ROOT, { signal: context.signal, includeSystem: true })
        return await this.#write(input.parentDir, patchStream(stream, patch), () => description)
      } finally {
        await source.close()
      }
    })
  }

  #write(
    parentDir: string,
    stream: ZnodeStream,
    describe: () => ArchiveDescription | Promise<ArchiveDescription>,
  ): Promise<TakenBackup> {
    const { context, startedAtMs, input } = this.#parts
    return context.archives.write({
      parentDir,
      stream,
      holds: (path) => this.#parts.roots.some((root) => isWithin(path, root)),
      describe,
      startedAtMs,
      now: () => context.clock.now(),
      signal: context.signal,
      onProgress: ({ phase, znodes, dataBytes }) => {
        if (phase === 'writing') {
          this.#meter.report('Reading znodes', { done: znodes, total: input.expectedZnodes, bytes: dataBytes })
        } else {
          const total = this.#parts.walk.progress().znodes
          this.#meter.report('Reading the archive back', { done: znodes, total, bytes: dataBytes })
        }
      },
    })
  }

  /** Passes the walk on and notes what its consistency will be judged by. */
  async *#readTree(): ZnodeStream {
    const { walk, feed } = this.#parts
    for await (const batch of walk.stream) {
      for (const place of batch.unreadable) this.#unreadable.set(place.path, place)
      if (feed) {
        for (const znode of batch.znodes) {
          this.#ledger.note(znode)
          if (isWithin(znode.path, QUOTA_ROOT)) this.#silent.push(znode.path)
        }
      }
      yield batch
    }
    // Ancestors of a root that are closed to us are known to the walk only.
    for (const place of walk.facts().unreadable) this.#unreadable.set(place.path, place)
  }

  #window(): { from: bigint; to: bigint } {
    const { zxidFrom, zxidTo } = this.#parts.walk.facts()
    return { from: zxidFrom, to: zxidTo }
  }

  async #reread(feed: MoveFeed, from: bigint, to: bigint): Promise<MovesReread> {
    const { connection, roots, context } = this.#parts
    const reread = await rereadMoves({
      connection,
      feed,
      roots,
      from,
      to,
      silent: this.#silent,
      ledger: this.#ledger,
      signal: context.signal,
      onRound: ({ moved }) => this.#meter.report('Reading again what moved', { done: moved }),
    })
    for (const place of reread.unreadable) this.#unreadable.set(place.path, place)
    return reread
  }

  #judge(from: bigint, reread: MovesReread): Consistency {
    const { to, moved, movedKnown, settled } = reread
    if (settled && moved.length <= MOVED_LISTED_MAX && this.#ledger.accountsFor(from, to)) {
      return {
        class: 'exact',
        proof: 'converged',
        from: formatHex64(from),
        to: formatHex64(to),
        moved: [...moved],
        movedReread: true,
        movedKnown: true,
      }
    }
    return fuzzy({ from, to, moved, movedKnown, movedReread: settled })
  }

  #describe(zxid: bigint, consistency: Consistency): ArchiveDescription {
    const { input, roots, connection } = this.#parts
    return {
      cluster: {
        name: input.clusterName,
        connectString: input.target.connectString,
        chroot: splitConnectString(input.target.connectString).chroot,
      },
      source: 'client',
      zookeeperVersion: connection.serverVersion,
      scope: { paths: [...roots], kind: 'subtrees' },
      zxid,
      consistency,
      unreadable: [...this.#unreadable.keys()],
      ...(input.note ? { note: input.note } : {}),
    }
  }
}

function quiet(zxid: bigint): Consistency {
  const text = formatHex64(zxid)
  return { class: 'exact', proof: 'quiet', from: text, to: text, moved: [], movedKnown: true }
}

function fuzzy(facts: {
  from: bigint
  to: bigint
  moved: readonly string[]
  movedKnown: boolean
  movedReread: boolean
}): Consistency {
  return {
    class: 'fuzzy',
    from: formatHex64(facts.from),
    to: formatHex64(facts.to),
    moved: facts.moved.slice(0, MOVED_LISTED_MAX),
    movedReread: facts.movedReread,
    movedKnown: facts.movedKnown && facts.moved.length <= MOVED_LISTED_MAX,
  }
}
