import type { z } from 'zod'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import type { ServiceContext } from '../context.ts'
import { EditRecord } from '../edits/edit-record.ts'
import { toExpectation } from '../edits/record-edit.ts'
import { ServiceError } from '../errors.ts'
import type { RecordFacts } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import {
  assertNotRoot,
  isConflictCode,
  parseCzxid,
  parseWritablePath,
  readExpected,
  rereadConflict,
  shownVersion,
  toRefusedError,
  toUnknownError,
  writeZnode,
  type ZnodeWriteEnd,
} from './guarded-write.ts'
import { deleteZnodeSchema } from './schemas.ts'
import type { ZnodeWriteView } from './views.ts'

/** As the rule for bulk writers has it: a multi of so many deletes stays far below the server's limits. */
const OPERATIONS_MAX = 1000
const SHOWN_EPHEMERALS = 3

/**
 * Deletes the very znode, in the very version, that the person was shown, and what lies below it: never more than they were shown.
 * Up to 1000 znodes go in one transaction; more in several, children first, so that a stop leaves whole branches or none.
 */
export async function deleteZnode(
  context: ServiceContext,
  input: z.input<typeof deleteZnodeSchema>,
): Promise<ZnodeWriteView> {
  const { clusterId, expectedVersion, descendants, ...parsed } = parseInput(deleteZnodeSchema, input)
  const path = parseWritablePath(parsed.path)
  assertNotRoot(path)
  const czxid = parseCzxid(parsed.expectedCzxid)

  const mutation = {
    action: 'znode.delete',
    clusterId,
    path,
    before: { version: expectedVersion, czxid, descendants },
  } as const
  return writeZnode(context, mutation, async (cluster, record) => {
    const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
    const live = await readExpected(connection, path, shownVersion(path, { czxid, version: expectedVersion }), record)
    if (live.kind === 'conflict') return live.result
    record({ before: { mzxid: live.found.znode.stat.mzxid, dataLength: live.found.znode.data?.length ?? null } })

    // What belongs to a session cannot be put back.
    const isKept = live.found.znode.kind !== 'ephemeral'
    const edit = isKept ? await EditRecord.open(context, { cluster, verb: 'delete', path }) : null
    try {
      await edit?.addBefore(path, live.found.znode)
      const below =
        live.found.numChildren === 0 ? [] : await listBelow(connection, path, descendants, edit, context.signal)
      if (below === null || below.length > descendants) {
        await edit?.end('nothing')
        const message =
          below === null
            ? `${path} does not exist any more`
            : `More lies below ${path} now than the ${descendants} znodes that were shown`
        return rereadConflict(connection, path, message, record)
      }
      const all = [...below.reverse(), { path, expect: toExpectation(live.found.znode) }]
      await edit?.begin(all.map((each) => ({ step: 'delete', ...each })))
      const operations = all.map(
        ({ path: at, expect }) => ({ op: 'delete', path: at, version: expect.version }) satisfies WriteOperation,
      )
      const ended = await deleteInBatches(context, connection, path, operations, { record, edit })
      if (ended.value.kind !== 'done') {
        await edit?.end('nothing')
        return ended
      }
      const editId = (await edit?.end('done')) ?? null
      if (editId !== null) record({ after: { edit: editId } })
      return { ...ended, value: { ...ended.value, editId } }
    } catch (error) {
      const isUnknown = isArkeeperError(error) && error.code === 'OUTCOME_UNKNOWN'
      await edit?.end(isUnknown ? 'unknown' : 'nothing')
      throw error
    }
  })
}

interface Below {
  readonly path: string
  readonly expect: ReturnType<typeof toExpectation>
}

/** Descendants in path order; more than `max` when there are more, null when the znode has vanished. */
async function listBelow(
  connection: ClusterConnection,
  root: string,
  max: number,
  edit: EditRecord | null,
  signal: AbortSignal | undefined,
): Promise<Below[] | null> {
  const below: Below[] = []
  const ephemerals: string[] = []
  try {
    for await (const batch of connection.readSubtree(root, { signal })) {
      const unreadable = batch.unreadable[0]
      if (unreadable) {
        throw new ServiceError('WRITE_REFUSED', `${unreadable.path} cannot be read, so what lies there is not known`, {
          unaffected: 'nothing was deleted',
          remedy: "give the cluster's credentials the read right there",
        })
      }
      for (const znode of batch.znodes) {
        if (znode.path === root) continue
        if (znode.kind === 'ephemeral') ephemerals.push(znode.path)
        await edit?.addBefore(znode.path, znode)
        below.push({ path: znode.path, expect: toExpectation(znode) })
      }
      if (below.length > max) return below
    }
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'NO_NODE') return null
    throw error
  }
  if (ephemerals.length > 0) {
    const shown = ephemerals.slice(0, SHOWN_EPHEMERALS).join(', ')
    throw new ServiceError('WRITE_REFUSED', `${ephemerals.length} ephemeral znodes lie below ${root}: ${shown}`, {
      unaffected: 'nothing was deleted',
      remedy: 'they belong to sessions that are alive: stop those clients, or delete these znodes one by one',
    })
  }
  return below
}

async function deleteInBatches(
  context: ServiceContext,
  connection: ClusterConnection,
  path: string,
  operations: readonly WriteOperation[],
  { record, edit }: { readonly record: RecordFacts; readonly edit: EditRecord | null },
) {
  let deleted = 0
  for (const batch of toBatches(connection, operations)) {
    if (context.signal?.aborted) {
      record({ after: { deleted } })
      throw new ServiceError(
        'OUTCOME_UNKNOWN',
        `The deletion was stopped after ${deleted} of ${operations.length} znodes`,
      )
    }
    await edit?.sending(deleted, deleted + batch.length)
    const outcome = await connection.multi(batch)
    if (outcome.kind === 'done') await edit?.applied(outcome.zxid)
    if (outcome.kind === 'refused') await edit?.refused()
    if (outcome.kind === 'done') {
      deleted += batch.length
      record({ after: { deleted, zxid: outcome.zxid } })
      continue
    }
    record({ after: { deleted } })
    const soFar =
      deleted === 0 ? 'nothing was deleted' : `${deleted} of ${operations.length} znodes were deleted before`
    if (outcome.kind === 'refused') {
      const culprit = batch[outcome.index]?.path ?? path
      if (!isConflictCode(outcome.code)) throw toRefusedError(`Deleting ${culprit} (${soFar})`, outcome)
      return rereadConflict(connection, path, `${culprit} was changed in the same instant; ${soFar}`, record)
    }
    await connection.sync(path)
    const rest = await connection.get(path)
    if (rest.kind === 'missing' && deleted + batch.length === operations.length) {
      await edit?.applied(null)
      record({ after: { deleted: operations.length }, message: 'Found done after a lost connection' })
      break
    }
    throw toUnknownError(
      `deleting ${path}`,
      `${soFar}; the znode is ${rest.kind === 'missing' ? 'gone' : 'still there'} now`,
    )
  }
  const value: ZnodeWriteEnd = { kind: 'done', path, zxid: formatHex64(connection.lastZxidSeen()), editId: null }
  return { value, outcome: 'ok' as const }
}

function* toBatches(connection: ClusterConnection, operations: readonly WriteOperation[]): Generator<WriteOperation[]> {
  const bytesMax = Math.floor(connection.requestBytesMax / 2)
  let batch: WriteOperation[] = []
  let bytes = 0
  for (const operation of operations) {
    const size = connection.encodedSizeOf(operation)
    if (batch.length > 0 && (batch.length === OPERATIONS_MAX || bytes + size > bytesMax)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(operation)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
