import { basename, join } from 'node:path'
import { z } from 'zod'
import { formatHex64, formatHex64Bare, parseHex64 } from '../../base/hex64.ts'
import { findGap, type Gap } from '../../domain/txnlog/continuity.ts'
import { ArchiveError } from './errors.ts'
import { AGE_SUFFIX } from './file-form.ts'

const hex64 = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/)
  .transform((text) => parseHex64(text) ?? 0n)
const count = z.number().int().nonnegative()

/** Where one gzip member of a segment lies, in the file and in the log that it unpacks to. Entries never straddle members. */
const blockSchema = z.object({
  offset: count,
  length: count,
  rawOffset: count,
  rawLength: count,
  first: hex64,
  timeMs: count,
})

/** `log.<first>.json`, written after its `log.<first>.gz`: what the archived piece of the transaction log holds. */
const segmentSchema = z.object({
  schema: z.literal(1),
  first: hex64,
  firstType: z.number().int(),
  last: hex64,
  transactions: count,
  /** By the leader's clock, which may go back. */
  minTimeMs: count,
  maxTimeMs: count,
  rawBytes: count,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Names of the members that it was read from. */
  members: z.array(z.string()),
  blocks: z.array(blockSchema).min(1),
  /** Only where it is encrypted: to whom, and size and sum of what lies there. All else is of the content. */
  sealed: z
    .object({ recipients: z.array(z.string()).min(1), bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) })
    .optional(),
})
export type LogBlock = z.output<typeof blockSchema>
export type LogSegment = Readonly<z.output<typeof segmentSchema>>

const DATA_NAME = /^log\.([0-9a-f]{1,16})\.gz(\.age)?$/
const MANIFEST_NAME = /^log\.([0-9a-f]{1,16})\.json$/

type Named = Pick<LogSegment, 'first' | 'sealed'>

const suffixOf = ({ sealed }: Named) => (sealed === undefined ? '' : AGE_SUFFIX)

export function segmentFile(dir: string, segment: Named): string {
  return join(/* turbopackIgnore: true */ dir, `log.${formatHex64Bare(segment.first)}.gz${suffixOf(segment)}`)
}

/** Of a piece of which nothing but its first zxid is known: as it lies there when it is plain, and when it is encrypted. */
export function segmentFilesOf(dir: string, first: bigint): readonly [string, string] {
  const plain = segmentFile(dir, { first })
  return [plain, plain + AGE_SUFFIX]
}

export function segmentManifest(dir: string, first: bigint): string {
  return join(/* turbopackIgnore: true */ dir, `log.${formatHex64Bare(first)}.json`)
}

export function segmentIndex(dir: string, segment: Named): string {
  return join(/* turbopackIgnore: true */ dir, `log.${formatHex64Bare(segment.first)}.idx${suffixOf(segment)}`)
}

/** First zxid of a segment by the name of its data file, or of its manifest; null for any other name. */
export function findSegmentZxid(name: string, kind: 'data' | 'manifest'): bigint | null {
  const match = (kind === 'data' ? DATA_NAME : MANIFEST_NAME).exec(name)
  return match?.[1] === undefined ? null : parseHex64(match[1])
}

export function formatSegment(segment: LogSegment): string {
  const hex = (value: unknown) => (typeof value === 'bigint' ? formatHex64(value) : value)
  return `${JSON.stringify(segment, (_key, value: unknown) => hex(value))}\n`
}

/** Throws MANIFEST_INVALID. */
export function parseSegment(text: string, path: string): LogSegment {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw badManifest(path, 'it is not JSON', cause)
  }
  const parsed = segmentSchema.safeParse(json)
  if (!parsed.success) throw badManifest(path, parsed.error.issues[0]?.message ?? 'not understood')
  return parsed.data
}

function badManifest(path: string, fault: string, cause?: unknown): ArchiveError {
  return new ArchiveError('MANIFEST_INVALID', `${basename(path)} does not describe a piece of the log: ${fault}`, {
    cause,
  })
}

/** What is missing between segments, which are in order of zxid. */
export function findSegmentGaps(segments: readonly LogSegment[]): Gap[] {
  const gaps: Gap[] = []
  for (const [i, next] of segments.entries()) {
    const before = segments[i - 1]
    const gap = before ? findGap(before.last, { zxid: next.first, type: next.firstType }) : null
    if (gap) gaps.push(gap)
  }
  return gaps
}
