import type { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { recordEdit, toExpectation } from '../edits/record-edit.ts'
import { parseInput } from '../parse-input.ts'
import { assertSeen } from '../values/assert-seen.ts'
import {
  assertFits,
  fromBase64,
  isConflictCode,
  isSameData,
  parseCzxid,
  parseWritablePath,
  readExpected,
  rereadConflict,
  shownVersion,
  toRefusedError,
  toUnknownError,
  writeZnode,
} from './guarded-write.ts'
import { setZnodeDataSchema } from './schemas.ts'
import type { ZnodeWriteView } from './views.ts'

/** Replaces the value of the very znode, in the very version, that the person was shown; anything else is a conflict. */
export async function setZnodeData(
  context: ServiceContext,
  input: z.input<typeof setZnodeDataSchema>,
  reason?: string,
): Promise<ZnodeWriteView> {
  const { clusterId, expectedVersion, unseen, ...parsed } = parseInput(setZnodeDataSchema, input)
  const path = parseWritablePath(parsed.path)
  const czxid = parseCzxid(parsed.expectedCzxid)
  const data = fromBase64(parsed.data)

  const mutation = {
    action: 'znode.set-data',
    clusterId,
    path,
    reason,
    before: { version: expectedVersion, czxid },
    after: { dataLength: data?.length ?? null, ...(unseen ? { unseen } : {}) },
  } as const
  return writeZnode(context, mutation, async (cluster, record) => {
    const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
    const operation = { op: 'setData', path, data, version: expectedVersion } as const
    assertFits(connection, operation)
    const live = await readExpected(connection, path, shownVersion(path, { czxid, version: expectedVersion }), record)
    if (live.kind === 'conflict') return live.result
    const { znode } = live.found
    if (!unseen) await assertSeen(context, cluster, znode)
    record({ before: { mzxid: znode.stat.mzxid, dataLength: znode.data?.length ?? null } })

    const expect = toExpectation(znode)
    const edit = await recordEdit(context, { cluster, verb: 'set-data', path, reason }, znode, {
      step: 'setData',
      path,
      data,
      expect,
    })
    const outcome = await edit.send(() => connection.multi([operation]))
    if (outcome.kind === 'done') {
      const written = outcome.stats[0]
      record({ after: { version: written?.version ?? expectedVersion + 1, zxid: outcome.zxid } })
      if (written && written.czxid !== czxid) {
        // Between our reading and our writing it was deleted and created again with the same version: ZooKeeper has no guard for that.
        const message = `${path} was created again in the same instant, and the new znode was written`
        await edit.done()
        return rereadConflict(connection, path, message, record)
      }
      return {
        value: { kind: 'done', path, zxid: formatHex64(outcome.zxid), editId: await edit.done() },
        outcome: 'ok',
      }
    }
    if (outcome.kind === 'refused') {
      if (!isConflictCode(outcome.code)) throw toRefusedError(`Writing ${path}`, outcome)
      return rereadConflict(connection, path, `${path} was changed in the same instant`, record)
    }
    await connection.sync(path)
    const after = await connection.get(path)
    if (
      after.kind === 'found' &&
      after.znode.stat.czxid === czxid &&
      after.znode.stat.version === expectedVersion + 1 &&
      isSameData(after.znode.data, data)
    ) {
      const { version, mzxid } = after.znode.stat
      record({ after: { version, zxid: mzxid }, message: 'Found done after a lost connection' })
      return { value: { kind: 'done', path, zxid: formatHex64(mzxid), editId: await edit.done() }, outcome: 'ok' }
    }
    const seen = after.kind === 'found' ? `it is at version ${after.znode.stat.version} now` : `it is ${after.kind} now`
    throw toUnknownError(`writing ${path}`, seen)
  })
}
