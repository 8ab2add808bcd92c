import { z } from 'zod'
import { CancelledError, formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { nameOf, parsePath } from '../../domain/znode/path.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { exportZnodes } from '../engine/export-znodes.ts'
import { startAuditedReading } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { loadValueMask } from '../values/value-mask.ts'
import { openTree } from './open-tree.ts'
import { formatTreeRef, type TreeRef } from './tree-ref.ts'

/** Paths named in the audit; the count is always whole. */
const UNREADABLE_SHOWN = 20

const inputSchema = z.object({
  path: z.string(),
  /** Chosen by whoever asks, so that they can ask how it ended: see get-export.ts. */
  exportId: z.string().regex(/^[\w-]{1,64}$/),
})

export interface ExportSubtreeInput extends z.input<typeof inputSchema> {
  readonly ref: TreeRef
}

/**
 * A znode and all below it as the JSON lines that `arkeeper export` prints, made as fast as they are read. What could not be read has no
 * line, and a hidden value is left out of its line; both numbers are in the audit entry that is written at the end.
 */
export async function* exportSubtree(
  context: ServiceContext,
  input: ExportSubtreeInput,
): AsyncGenerator<string, void, void> {
  const { path: pathText, exportId } = parseInput(inputSchema, input)
  const path = parsePath(pathText)
  const source = formatTreeRef(input.ref)
  const { clusterId, clusterName } = await describeTreeRef(context, source)
  const cluster = { id: clusterId, name: clusterName }
  const audit = await startAuditedReading(context, {
    action: 'tree.export',
    cluster,
    path,
    after: { source, export: exportId },
  })
  let [znodes, dataBytes, unreadable, masked] = [0, 0, 0, 0]
  const places: string[] = []
  let ended = false
  const end = async (outcome: 'ok' | 'failed', message: string | null) => {
    ended = true
    audit.record({ after: { znodes, dataBytes, unreadable, unreadablePaths: places, masked }, message })
    await audit.end(outcome)
  }
  try {
    const tree = await openTree(context, input.ref)
    try {
      const { signal } = context
      // What it does show is on record with the entry of the export itself.
      const mask = await loadValueMask(context, clusterId)
      const hides = (znode: Znode) => {
        if (mask.hide(znode.path, znode.data) === null) return false
        masked++
        return true
      }
      for await (const piece of exportZnodes(tree.reader, { path, data: true, hides, includeSystem: false, signal })) {
        znodes += piece.znodes
        dataBytes += piece.dataBytes
        unreadable += piece.unreadable.length
        for (const place of piece.unreadable) if (places.length < UNREADABLE_SHOWN) places.push(place.path)
        if (piece.text !== '') yield piece.text
      }
    } finally {
      await tree.release()
    }
    await end('ok', unreadable === 0 ? null : `${unreadable} could not be read and have no line in the file`)
  } catch (error) {
    if (!ended && !(error instanceof CancelledError)) await end('failed', describe(error))
    throw error
  } finally {
    // The reader left, or the request was cancelled: both look the same from here.
    if (!ended) await end('failed', 'The download was broken off before its end')
  }
}

/** A name for the file: what it is of, and never a path. */
export function exportFileName(path: string): string {
  return `${nameOf(path) || 'root'}.jsonl`
}

function describe(error: unknown): string {
  return isArkeeperError(error) ? formatErrorLine(error) : 'INTERNAL: an unexpected failure, described in the log'
}
