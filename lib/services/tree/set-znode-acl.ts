import type { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import { isMaskedAcl, isSameAcl } from '../../domain/znode/acl.ts'
import type { ServiceContext } from '../context.ts'
import { recordEdit, toExpectation } from '../edits/record-edit.ts'
import { ServiceError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import {
  isConflictCode,
  parseCzxid,
  parseWritablePath,
  readExpected,
  rereadConflict,
  toRefusedError,
  toUnknownError,
  writeZnode,
} from './guarded-write.ts'
import { setZnodeAclSchema } from './schemas.ts'
import type { ZnodeWriteView } from './views.ts'

/** Replaces the ACL of the very znode, in the very ACL version, that the person was shown; anything else is a conflict. */
export async function setZnodeAcl(
  context: ServiceContext,
  input: z.input<typeof setZnodeAclSchema>,
  reason?: string,
): Promise<ZnodeWriteView> {
  const { clusterId, expectedAversion, acl, ...parsed } = parseInput(setZnodeAclSchema, input)
  const path = parseWritablePath(parsed.path)
  const czxid = parseCzxid(parsed.expectedCzxid)
  if (isMaskedAcl(acl)) {
    const message = 'A digest entry ends with ":x", the mark that servers put in place of a hidden hash'
    throw new ServiceError('INVALID_INPUT', message, {
      unaffected: 'nothing was written',
      remedy: 'enter the real hash, or give the cluster credentials with the admin right on this znode',
      details: { fields: { acl: message } },
    })
  }

  const mutation = {
    action: 'znode.set-acl',
    clusterId,
    path,
    reason,
    before: { aversion: expectedAversion, czxid },
    after: { entries: acl.length },
  } as const
  return writeZnode(context, mutation, async (cluster, record) => {
    const connection = await context.sessions.borrow(clusterId, { signal: context.signal })
    const live = await readExpected(
      connection,
      path,
      ({ stat }) => {
        if (stat.czxid !== czxid) return `${path} was deleted and created again`
        if (stat.aversion === expectedAversion) return null
        return `The ACL of ${path} was changed meanwhile: it is at version ${stat.aversion}, version ${expectedAversion} was shown`
      },
      record,
    )
    if (live.kind === 'conflict') return live.result
    record({ before: { entries: live.found.znode.acl.length } })

    const { znode } = live.found
    const expect = toExpectation(znode)
    const edit = await recordEdit(context, { cluster, verb: 'set-acl', path, reason }, znode, {
      step: 'setAcl',
      path,
      acl,
      expect,
    })
    const outcome = await edit.send(() => connection.setAcl(path, acl, expectedAversion))
    if (outcome.kind === 'done') {
      record({ after: { aversion: expectedAversion + 1, zxid: outcome.zxid } })
      if (outcome.stat.czxid !== czxid) {
        const message = `${path} was created again in the same instant, and the new znode got the ACL`
        await edit.done()
        return rereadConflict(connection, path, message, record)
      }
      return {
        value: { kind: 'done', path, zxid: formatHex64(outcome.zxid), editId: await edit.done() },
        outcome: 'ok',
      }
    }
    if (outcome.kind === 'refused') {
      if (!isConflictCode(outcome.code)) throw toRefusedError(`Changing the ACL of ${path}`, outcome)
      return rereadConflict(connection, path, `The ACL of ${path} was changed in the same instant`, record)
    }
    await connection.sync(path)
    const after = await connection.get(path)
    if (
      after.kind === 'found' &&
      after.znode.stat.czxid === czxid &&
      after.znode.stat.aversion === expectedAversion + 1 &&
      isSameAcl(after.znode.acl, acl)
    ) {
      record({ after: { aversion: expectedAversion + 1 }, message: 'Found done after a lost connection' })
      const zxid = formatHex64(connection.lastZxidSeen())
      return { value: { kind: 'done', path, zxid, editId: await edit.done() }, outcome: 'ok' }
    }
    const seen =
      after.kind === 'found' ? `its ACL is at version ${after.znode.stat.aversion} now` : `it is ${after.kind} now`
    throw toUnknownError(`changing the ACL of ${path}`, seen)
  })
}
