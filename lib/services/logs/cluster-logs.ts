import type { FoundTouches, LogSegment, LogSegments, MinuteCount } from '../../adapters/archive/log-archive.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { ServiceError } from '../errors.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { fetchPiece, findPieceFolder, type PieceContext } from './fetch-piece.ts'
import { logFolder } from './log-folder.ts'
import { pieceCacheOf } from './piece-cache.ts'
import { listPlacedPieces, type PlacedPiece, storedOf } from './placed-pieces.ts'

const FETCHED_AT_ONCE = 4

interface Located {
  readonly dir: string
  readonly segment: LogSegment
}

/** The archived transaction log of a cluster, wherever its pieces lie: on this host, or in stores from which they are fetched when they are read. */
export interface ClusterLogs {
  readonly archived: LogSegments
  /** The pieces as logs to be replayed. */
  sources(segments: readonly LogSegment[]): LogSource[]
  read(
    segment: LogSegment,
    options?: { readonly from?: bigint; readonly signal?: AbortSignal },
  ): AsyncGenerator<readonly TxnEntry[], void, void>
  minutes(segment: LogSegment, options?: { readonly signal?: AbortSignal }): Promise<readonly MinuteCount[]>
  findTouches(
    path: string,
    options: { readonly before?: bigint | null; readonly limit: number; readonly signal?: AbortSignal },
  ): Promise<FoundTouches>
  /** The folder of this host that a piece lies in now, with what lies there: it may have grown. Fetches it where it must. */
  locate(segment: LogSegment): Promise<Located>
}

/** Lists what there is; fetches nothing. */
export async function openLogs(
  context: PieceContext,
  cluster: { readonly id: string; readonly name: string },
): Promise<ClusterLogs> {
  const dir = logFolder(context, cluster.name)
  const local = await context.archives.logs.list(dir)
  const known = await context.db.logPiece.findMany({
    where: { clusterId: cluster.id, sha256: { not: '' } },
    orderBy: [{ first: 'asc' }, { id: 'asc' }],
    select: { first: true, last: true, sha256: true, storeId: true, dir: true, verifyOk: true },
  })
  // What lies in the folder of this host was just listed; what the catalog says of it may be of another host's, or lost.
  const isOwn = (row: { readonly storeId: string; readonly dir: string }) =>
    row.storeId === DEFAULT_STORE_ID && row.dir === `${cluster.name}/logs`
  const byFirst = new Map(local.segments.map((segment) => [segment.first, segment]))
  const isGood = (first: bigint) => known.some((row) => row.first === first && row.verifyOk !== false && !isOwn(row))
  const isSound = (segment: LogSegment) =>
    !known.some(
      (row) =>
        row.verifyOk === false &&
        row.storeId === DEFAULT_STORE_ID &&
        row.first === segment.first &&
        row.sha256 === storedOf(segment).sha256 &&
        isGood(segment.first),
    )
  const sound = local.segments.filter(isSound)
  const isWhole =
    sound.length === local.segments.length &&
    known.every((row) => isOwn(row) || (byFirst.get(row.first)?.last ?? -1n) >= row.last)
  if (isWhole) return openFolder(context, dir, local)
  const placed: PlacedPiece[] = []
  for (const place of await listPlacedPieces(context, { clusterId: cluster.id })) {
    const isHere = place.storeId === DEFAULT_STORE_ID
    if (!isHere || (!isOwn(place) && (await findPieceFolder(context, place)) !== null)) placed.push(place)
  }
  return new MergedLogs(context, { clusterId: cluster.id, dir, local: { ...local, segments: sound }, placed })
}

/** Pieces of one folder alone. */
export function openFolder(context: Pick<PieceContext, 'archives'>, dir: string, archived: LogSegments): ClusterLogs {
  const { logs } = context.archives
  return {
    archived,
    sources: (segments) => logs.sources(dir, segments),
    read: (segment, options) => logs.read(dir, segment, options),
    minutes: (segment, options) => logs.minutes(dir, segment, options),
    findTouches: (path, options) => logs.findTouches(dir, path, options),
    locate: async (segment) => ({ dir, segment }),
  }
}

interface Candidate {
  readonly segment: LogSegment
  /** Null: it lies in the folder of this host. */
  readonly place: PlacedPiece | null
}

class MergedLogs implements ClusterLogs {
  readonly archived: LogSegments
  readonly #context: PieceContext
  readonly #clusterId: string
  readonly #dir: string
  /** By first zxid; the best first. */
  readonly #candidates: ReadonlyMap<bigint, readonly Candidate[]>

  constructor(
    context: PieceContext,
    input: {
      readonly clusterId: string
      readonly dir: string
      readonly local: LogSegments
      readonly placed: readonly PlacedPiece[]
    },
  ) {
    this.#context = context
    this.#clusterId = input.clusterId
    this.#dir = input.dir
    const all: Candidate[] = [
      ...input.local.segments.map((segment) => ({ segment, place: null })),
      ...input.placed.map((place) => ({ segment: place.segment, place })),
    ]
    this.#candidates = new Map(
      [...Map.groupBy(all, ({ segment }) => segment.first)].map(([first, each]) => [first, each.toSorted(byWorth)]),
    )
    const segments = withoutContained([...this.#candidates.values()].map(([best]) => best!.segment))
    const { pieces } = context.archives.logs
    // A damaged file of this host is no loss where a store has the piece.
    const names = new Set(segments.map((segment) => pieces.namesOf({ first: segment.first }).data))
    this.archived = {
      segments,
      gaps: pieces.findGaps(segments).filter(({ after, before }) => after < before),
      problems: input.local.problems.filter(({ file }) => !names.has((file ?? '').replace(/\.age$/, ''))),
    }
  }

  sources(segments: readonly LogSegment[]): LogSource[] {
    const { pieces } = this.#context.archives.logs
    return segments.map((segment) => ({
      name: pieces.namesOf(segment).data,
      zxid: segment.first,
      place: this.#dir,
      bytes: segment.rawBytes,
      open: () => this.#open(segment),
    }))
  }

  async *read(
    segment: LogSegment,
    options?: { readonly from?: bigint; readonly signal?: AbortSignal },
  ): AsyncGenerator<readonly TxnEntry[], void, void> {
    const at = await this.locate(segment)
    yield* this.#context.archives.logs.read(at.dir, at.segment, options)
  }

  async minutes(segment: LogSegment, options?: { readonly signal?: AbortSignal }): Promise<readonly MinuteCount[]> {
    const at = await this.locate(segment)
    return this.#context.archives.logs.minutes(at.dir, at.segment, options)
  }

  /** Indexes of all pieces are asked, so all of them are brought together first. */
  async findTouches(path: string, options: Parameters<ClusterLogs['findTouches']>[1]): Promise<FoundTouches> {
    const cache = pieceCacheOf(this.#context)
    const failed = new Map<bigint, string>()
    const kept: LogSegment[] = []
    const bring = async (segment: LogSegment) => {
      try {
        const at = await this.#locate(segment, { mustBeCached: true })
        kept.push(at.segment)
      } catch (error) {
        if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
        failed.set(segment.first, error.message)
      }
    }
    const { segments } = this.archived
    for (let at = 0; at < segments.length; at += FETCHED_AT_ONCE) {
      throwIfAborted(options.signal)
      await Promise.all(segments.slice(at, at + FETCHED_AT_ONCE).map(bring))
    }
    const dir = cache.dirOf(this.#clusterId)
    await cache.keepOnly(this.#context, this.#clusterId, kept)
    const found = await this.#context.archives.logs.findTouches(dir, path, { ...options, tailsIn: this.#dir })
    const breaks = found.breaks.map((gap) => {
      const [, problem = null] = [...failed].find(([first]) => first > gap.after && first < gap.before) ?? []
      return { ...gap, problem: gap.problem ?? problem }
    })
    return { ...found, breaks }
  }

  locate(segment: LogSegment): Promise<Located> {
    return this.#locate(segment, { mustBeCached: false })
  }

  async #locate(segment: LogSegment, { mustBeCached }: { readonly mustBeCached: boolean }): Promise<Located> {
    const { pieces } = this.#context.archives.logs
    const cache = pieceCacheOf(this.#context)
    let fault: unknown = null
    for (const { place, segment: known } of this.#candidates.get(segment.first) ?? []) {
      // One that ends earlier leaves a hole behind it.
      if (known.last < segment.last) continue
      try {
        const lies = place === null ? { dir: this.#dir, segment: known } : await findPieceFolder(this.#context, place)
        if (lies !== null && !mustBeCached) return lies
        if (lies !== null) {
          return await cache.take(this.#context, this.#clusterId, known, async (into) => {
            await pieces.put(lies.dir, into, lies.segment)
            return lies.segment
          })
        }
        if (place === null) continue
        return await cache.take(this.#context, this.#clusterId, known, (into) => fetchPiece(this.#context, place, into))
      } catch (error) {
        if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
        fault ??= error
      }
    }
    throw fault ?? unreachable(segment)
  }

  async *#open(segment: LogSegment): AsyncGenerator<Uint8Array> {
    const at = await this.locate(segment)
    const [source] = this.#context.archives.logs.sources(at.dir, [at.segment])
    if (source) yield* source.open()
  }
}

/** The longer first; then what is not known to be damaged; then what lies on this host. */
function byWorth(a: Candidate, b: Candidate): number {
  if (a.segment.last !== b.segment.last) return a.segment.last > b.segment.last ? -1 : 1
  const damage = (one: Candidate) => Number(one.place?.verifyOk === false)
  if (damage(a) !== damage(b)) return damage(a) - damage(b)
  return Number(a.place !== null) - Number(b.place !== null)
}

/** Two hosts may have cut the log at different places: what lies wholly within another piece says nothing new. */
function withoutContained(segments: readonly LogSegment[]): LogSegment[] {
  const kept: LogSegment[] = []
  for (const segment of segments.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = kept.at(-1)
    if (before === undefined || segment.last > before.last) kept.push(segment)
  }
  return kept
}

function unreachable({ first, last }: LogSegment): ServiceError {
  const which = `The piece of the log from ${formatHex64(first)} to ${formatHex64(last)}`
  return new ServiceError('NOT_FOUND', `${which} lies in no place that this host can read`, {
    unaffected: 'nothing was changed',
    remedy: 'test the stores of the cluster; what another host alone has comes to them when its worker runs',
  })
}
