import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import type { Change } from '../../domain/diff/change.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { isWithin } from '../../domain/znode/path.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { JsonLinesWriter } from '../engine/json-lines-writer.ts'
import { readLines } from '../engine/read-lines.ts'
import { ServiceError } from '../errors.ts'

/**
 * The result of a diff as files, so that pages read only what they show:
 *   changes.jsonl   one record a line, in path order
 *   index.json      [path, byte offset] of each 256th line: where to begin reading for a subtree
 * The values are not in it: a page reads them again from both sides, and `before`/`after` tell whether they are still the same.
 */
const CHANGES = 'changes.jsonl'
const INDEX = 'index.json'
const INDEX_EVERY = 256
const READ_BYTES = 256 * 1024

const stateSchema = z.object({
  czxid: z.string(),
  version: z.number(),
  aversion: z.number(),
  bytes: z.number().nullable(),
})
export type ChangeState = z.infer<typeof stateSchema>

const recordSchema = z.object({
  path: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  fields: z.array(z.enum(['data', 'acl', 'kind'])),
  ephemeral: z.boolean(),
  before: stateSchema.nullable(),
  after: stateSchema.nullable(),
})
export type ChangeRecord = z.infer<typeof recordSchema>

const indexSchema = z.array(z.tuple([z.string(), z.number()]))
type Index = z.infer<typeof indexSchema>

/** Writes both files beside their final names; `finish` makes them visible, index first. */
export class DiffFileWriter {
  readonly #dir: string
  readonly #lines: JsonLinesWriter
  readonly #index: Index = []

  private constructor(dir: string, lines: JsonLinesWriter) {
    this.#dir = dir
    this.#lines = lines
  }

  static async create(dir: string): Promise<DiffFileWriter> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    // A name of its own: a writer that lost its job to another one must not publish the other's half.
    return new DiffFileWriter(dir, await JsonLinesWriter.create(join(dir, `${CHANGES}.${randomUUID()}.tmp`)))
  }

  async write(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (this.#lines.count % INDEX_EVERY === 0) this.#index.push([change.path, this.#lines.bytes])
      this.#lines.append(toRecord(change))
      if (this.#lines.isFull) await this.#lines.flush()
    }
  }

  async finish(): Promise<void> {
    await this.#lines.finish()
    const index = await open(join(this.#dir, INDEX), 'w', 0o600)
    try {
      await index.writeFile(JSON.stringify(this.#index))
      await index.sync()
    } finally {
      await index.close()
    }
    await rename(this.#lines.path, join(this.#dir, CHANGES))
  }

  /** Leaves nothing behind. */
  abandon(): Promise<void> {
    return this.#lines.abandon()
  }
}

function toRecord(change: Change): ChangeRecord {
  return {
    path: change.path,
    change: change.change,
    fields: [...change.fields],
    ephemeral: change.ephemeral,
    before: change.before && toState(change.before),
    after: change.after && toState(change.after),
  }
}

export function toState(znode: Znode): ChangeState {
  return {
    czxid: formatHex64(znode.stat.czxid),
    version: znode.stat.version,
    aversion: znode.stat.aversion,
    bytes: znode.data?.length ?? null,
  }
}

/** Reads the records from the first one at or after `path` in path order. */
export async function* readChanges(dir: string, from: string): AsyncGenerator<ChangeRecord, void, void> {
  const index = await readIndex(dir)
  const input = createReadStream(join(dir, CHANGES), { start: offsetFor(index, from), highWaterMark: READ_BYTES })
  for await (const lines of readLines(input)) {
    for (const line of lines) {
      // Written by toRecord: the shape is ours, and a million lines are not validated one by one.
      const record = JSON.parse(line) as ChangeRecord
      if (comparePaths(record.path, from) >= 0) yield record
    }
  }
}

/** The record of exactly this path, or null. */
export async function findChange(dir: string, path: string): Promise<ChangeRecord | null> {
  for await (const record of readChanges(dir, path)) return record.path === path ? record : null
  return null
}

/** The records strictly below `parent` and after the subtree of its child `after`. */
export async function* readBelow(
  dir: string,
  parent: string,
  afterChild: string | null,
): AsyncGenerator<ChangeRecord, void, void> {
  for await (const record of readChanges(dir, afterChild ?? parent)) {
    if (!isWithin(record.path, parent)) return
    if (record.path === parent || (afterChild !== null && isWithin(record.path, afterChild))) continue
    yield record
  }
}

const indexes = new Map<string, Promise<Index>>()
const INDEXES_MAX = 16

/** Finished results never change, so that an index can be kept; the few last used ones are. */
function readIndex(dir: string): Promise<Index> {
  const known = indexes.get(dir)
  indexes.delete(dir)
  const index = known ?? loadIndex(dir)
  indexes.set(dir, index)
  index.catch(() => indexes.delete(dir))
  const oldest = indexes.keys().next()
  if (indexes.size > INDEXES_MAX && !oldest.done) indexes.delete(oldest.value)
  return index
}

async function loadIndex(dir: string): Promise<Index> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(join(dir, INDEX), 'utf8')))
  } catch (cause) {
    throw new ServiceError('NOT_FOUND', 'The result of this diff is no longer on the disk', {
      cause,
      remedy: 'compare again',
    })
  }
}

function offsetFor(index: Index, path: string): number {
  let low = 0
  let high = index.length
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = index[middle]
    if (entry && comparePaths(entry[0], path) <= 0) low = middle + 1
    else high = middle
  }
  return index[low - 1]?.[1] ?? 0
}
