import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import { NO_STAT } from '../../domain/znode/stat.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { JsonLinesWriter } from './json-lines-writer.ts'
import { readLines } from './read-lines.ts'

/** In the restore directory of an edit: what was there before it, one line a znode. An edit has no safety backup; this is its own. */
const NAME = 'before.jsonl'

const lineSchema = z.object({
  path: z.string(),
  /** Null: nothing was there. */
  znode: z
    .object({
      data: z.base64().nullable(),
      acl: z.array(z.object({ perms: z.number(), scheme: z.string(), id: z.string() })),
      kind: z.enum(['persistent', 'container', 'ttl', 'unknown']),
      ttlMs: z.number().nullable(),
    })
    .nullable(),
})

export class EditBeforeWriter {
  readonly #writer: JsonLinesWriter

  private constructor(writer: JsonLinesWriter) {
    this.#writer = writer
  }

  static async create(dir: string): Promise<EditBeforeWriter> {
    return new EditBeforeWriter(await JsonLinesWriter.create(join(dir, NAME)))
  }

  async add(path: string, znode: Znode | null): Promise<void> {
    const data = znode?.data ? Buffer.from(znode.data).toString('base64') : znode === null ? null : znode.data && ''
    this.#writer.append({ path, znode: znode && { data, acl: znode.acl, kind: znode.kind, ttlMs: znode.ttlMs } })
    if (this.#writer.isFull) await this.#writer.flush()
  }

  finish(): Promise<void> {
    return this.#writer.finish()
  }

  abandon(): Promise<void> {
    return this.#writer.abandon()
  }
}

/** Null when the directory is not that of an edit. Holds paths and places of lines, no values. */
export async function openEditBefore(dir: string) {
  const file = join(/* turbopackIgnore: true */ dir, NAME)
  const places = new Map<string, { readonly at: number; readonly bytes: number }>()
  let at = 0
  try {
    for await (const lines of readLines(createReadStream(file))) {
      for (const line of lines) {
        const bytes = Buffer.byteLength(line)
        places.set(lineSchema.parse(JSON.parse(line)).path, { at, bytes })
        at += bytes + 1
      }
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  const handle = await open(file, 'r')
  return {
    get: async (path: string): Promise<ZnodeReading> => {
      const place = places.get(path)
      if (place === undefined) return { kind: 'missing' }
      const line = Buffer.alloc(place.bytes)
      await handle.read(line, 0, place.bytes, place.at)
      const { znode } = lineSchema.parse(JSON.parse(line.toString('utf8')))
      if (znode === null) return { kind: 'missing' }
      const data = znode.data === null ? null : Buffer.from(znode.data, 'base64')
      return { kind: 'found', znode: { path, ...znode, data, stat: NO_STAT }, numChildren: 0 }
    },
    close: () => handle.close(),
  }
}
