import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import type { LaterWrite } from '../../domain/restore/plan-undo.ts'
import { JsonLinesWriter } from './json-lines-writer.ts'
import { readLines } from './read-lines.ts'

/** Beside the plan of an undo: one line for each place that somebody else has written since. */
const NAME = 'later-writes.jsonl'

const stateSchema = z.object({ czxid: z.string(), version: z.number(), aversion: z.number() }).nullable()
const lineSchema = z.object({
  path: z.string(),
  what: z.enum(['data', 'acl', 'deleted', 'created', 'children']),
  expected: stateSchema,
  found: stateSchema,
})
export type LaterWriteLine = z.infer<typeof lineSchema>

export class LaterWritesFile {
  readonly #dir: string
  readonly #writer: JsonLinesWriter

  private constructor(dir: string, writer: JsonLinesWriter) {
    this.#dir = dir
    this.#writer = writer
  }

  static async create(dir: string): Promise<LaterWritesFile> {
    return new LaterWritesFile(dir, await JsonLinesWriter.create(join(dir, `${NAME}.${randomUUID()}.tmp`)))
  }

  add({ path, what, expected, found }: LaterWrite): void {
    this.#writer.append({ path, what, expected: toLine(expected), found: toLine(found) })
  }

  async finish(): Promise<void> {
    await this.#writer.finish()
    await rename(this.#writer.path, join(this.#dir, NAME))
  }

  async abandon(): Promise<void> {
    await this.#writer.abandon().catch(() => undefined)
  }
}

/** In the order in which they were found. Nothing where the plan is not that of an undo. */
export async function* readLaterWrites(dir: string): AsyncGenerator<LaterWriteLine, void, void> {
  try {
    for await (const lines of readLines(createReadStream(join(/* turbopackIgnore: true */ dir, NAME))))
      for (const line of lines) yield lineSchema.parse(JSON.parse(line))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

function toLine(state: LaterWrite['found']) {
  return state && { czxid: formatHex64(state.czxid), version: state.version, aversion: state.aversion }
}
