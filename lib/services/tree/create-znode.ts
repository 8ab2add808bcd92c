import type { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { nameOf, parentPath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { recordDone, recordEdit } from '../edits/record-edit.ts'
import { ServiceError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import {
  assertFits,
  assertNotRoot,
  fromBase64,
  isSameData,
  parseWritablePath,
  rereadConflict,
  toRefusedError,
  toUnknownError,
  writeZnode,
} from './guarded-write.ts'
import { createZnodeSchema } from './schemas.ts'
import type { ZnodeWriteView } from './views.ts'

/** Creates one znode; never overwrites. A conflict when the path is taken. */
export async function createZnode(
  context: ServiceContext,
  input: z.input<typeof createZnodeSchema>,
  reason?: string,
): Promise<ZnodeWriteView> {
  const { clusterId, kind, ttlMs, sequential, ...parsed } = parseInput(createZnodeSchema, input)
  if ((kind === 'ttl') !== (ttlMs !== null)) {
    const message = kind === 'ttl' ? 'Enter the time to live' : 'Only a TTL znode has a time to live'
    throw new ServiceError('INVALID_INPUT', message, { details: { fields: { ttlMs: message } } })
  }
  if (sequential && kind === 'container') {
    const message = 'A container cannot be sequential'
    throw new ServiceError('INVALID_INPUT', message, { details: { fields: { sequential: message } } })
  }
  // The server appends digits, so a sequential path may end with a slash.
  const path = sequential ? parseWritablePath(`${parsed.path}0`).slice(0, -1) : parseWritablePath(parsed.path)
  assertNotRoot(path)
  const data = fromBase64(parsed.data)
  const acl = parsed.acl ?? OPEN_ACL

  const mutation = {
    action: 'znode.create',
    clusterId,
    path,
    reason,
    after: { kind, ttlMs, sequential, dataLength: data?.length ?? null },
  } as const
  return writeZnode(context, mutation, async (cluster, record) => {
    const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
    assertFits(connection, { op: 'create', path, data, acl, kind, ttlMs })
    const facts = { cluster, verb: 'create', path, reason } as const
    const step = { step: 'create', path, data, acl, kind, ttlMs, expect: { kind: 'absent' } } as const
    // The name of a sequential one is known afterwards only, and there is nothing to keep of what was there before.
    const edit = sequential ? null : await recordEdit(context, facts, null, step)
    const create = () => connection.create({ path, data, acl, kind, sequential, ttlMs: ttlMs ?? undefined })
    const outcome = edit === null ? await create() : await edit.send(create)

    if (outcome.kind === 'done') {
      record({ path: outcome.path, after: { version: 0, zxid: outcome.zxid } })
      const made = { path: outcome.path, zxid: formatHex64(outcome.zxid) }
      const named = { facts: { ...facts, path: outcome.path }, step: { ...step, path: outcome.path } }
      const editId = edit === null ? await recordDone(context, named, outcome.zxid) : await edit.done()
      return { value: { kind: 'done', ...made, editId }, outcome: 'ok' }
    }
    if (outcome.kind === 'refused') {
      if (outcome.code === 'NODE_EXISTS') return rereadConflict(connection, path, `${path} exists already`, record)
      if (outcome.code === 'NO_NODE') {
        throw new ServiceError('WRITE_REFUSED', `The parent ${parentPath(path)} does not exist`, {
          unaffected: 'nothing was written',
          remedy: 'create the parent first',
        })
      }
      throw toRefusedError(`Creating ${path}`, outcome)
    }
    if (sequential) throw toUnknownError(`creating ${path}`, 'it may or may not have been created')
    await connection.sync(path)
    const live = await connection.get(path)
    if (live.kind === 'found' && live.znode.stat.version === 0 && isSameData(live.znode.data, data)) {
      record({ after: { version: 0, zxid: live.znode.stat.czxid }, message: 'Found done after a lost connection' })
      const zxid = formatHex64(live.znode.stat.czxid)
      return { value: { kind: 'done', path, zxid, editId: (await edit?.done()) ?? null }, outcome: 'ok' }
    }
    throw toUnknownError(
      `creating ${path}`,
      `${nameOf(path)} ${live.kind === 'missing' ? 'is not there' : 'differs'} now`,
    )
  })
}
