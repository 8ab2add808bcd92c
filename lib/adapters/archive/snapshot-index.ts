import { z } from 'zod'
import { comparePaths } from '../../domain/znode/order.ts'

/** A run of whole records and where it lies: `offset`/`length` in the file, `rawOffset`/`rawLength` in the uncompressed stream. */
export interface SnapshotBlock {
  readonly offset: number
  readonly length: number
  readonly rawOffset: number
  readonly rawLength: number
  readonly firstPath: string
}

export type Span = Omit<SnapshotBlock, 'firstPath'>

/**
 * Where to enter a snapshot in path order. `parents` holds the number of children of every znode whose subtree goes on past the block
 * that it lies in; the children of any other znode are counted inside its block.
 */
export interface SnapshotIndex {
  readonly compression: 'gzip' | 'none'
  readonly head: Span
  readonly blocks: readonly SnapshotBlock[]
  readonly tail: Span
  readonly parents: ReadonlyMap<string, number>
}

export const INDEX_FILE = 'index'
const INDEX_VERSION = 1

const size = z.number().int().nonnegative()
const span = z.tuple([size, size, size, size])
const indexSchema = z.object({
  format: z.literal('arkeeper-index'),
  version: z.literal(INDEX_VERSION),
  snapshot: z.string(),
  snapshotBytes: size,
  compression: z.enum(['gzip', 'none']),
  head: span,
  tail: span,
  blocks: z.array(z.tuple([size, size, size, size, z.string()])),
  parents: z.array(z.tuple([z.string(), size])),
})

const toNumbers = (at: Span): [number, number, number, number] => [at.offset, at.length, at.rawOffset, at.rawLength]
const toSpan = ([offset, length, rawOffset, rawLength]: readonly [number, number, number, number]): Span => ({
  offset,
  length,
  rawOffset,
  rawLength,
})

/** JSON, one block a line: derived data that may be deleted, and readable by whoever needs to. */
export function formatIndex(index: SnapshotIndex, file: { snapshot: string; snapshotBytes: number }): string {
  const fields = {
    format: 'arkeeper-index',
    version: INDEX_VERSION,
    ...file,
    compression: index.compression,
    head: toNumbers(index.head),
    tail: toNumbers(index.tail),
  }
  const rows = (values: unknown[]) => `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]`
  const blocks = rows(index.blocks.map((block) => [...toNumbers(block), block.firstPath]))
  return `${JSON.stringify(fields).slice(0, -1)},\n"blocks":${blocks},\n"parents":${rows([...index.parents])}}\n`
}

/** Null for anything that is not a sound index of exactly this file: the caller then builds it anew. */
export function parseIndex(text: string, file: { snapshot: string; snapshotBytes: number }): SnapshotIndex | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  const parsed = indexSchema.safeParse(json)
  if (!parsed.success) return null
  const { data } = parsed
  if (data.snapshot !== file.snapshot || data.snapshotBytes !== file.snapshotBytes) return null
  const index: SnapshotIndex = {
    compression: data.compression,
    head: toSpan(data.head),
    tail: toSpan(data.tail),
    blocks: data.blocks.map(([offset, length, rawOffset, rawLength, firstPath]) => ({
      offset,
      length,
      rawOffset,
      rawLength,
      firstPath,
    })),
    parents: new Map(data.parents),
  }
  return isSound(index, file.snapshotBytes) ? index : null
}

/** Head, blocks and tail follow each other without gap over the whole file, and the blocks are in path order. */
function isSound(index: SnapshotIndex, fileBytes: number): boolean {
  let offset = 0
  let rawOffset = 0
  for (const at of [index.head, ...index.blocks, index.tail]) {
    if (at.offset !== offset || at.rawOffset !== rawOffset) return false
    offset += at.length
    rawOffset += at.rawLength
  }
  if (offset !== fileBytes || index.blocks.length === 0) return false
  return index.blocks.every((block, i) => i === 0 || comparePaths(index.blocks[i - 1]!.firstPath, block.firstPath) < 0)
}
