import type { z } from 'zod'
import type { ZnodeState } from '../../domain/txnlog/znode-state.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import { createZnode } from '../tree/create-znode.ts'
import { setZnodeAcl } from '../tree/set-znode-acl.ts'
import { setZnodeData } from '../tree/set-znode-data.ts'
import { toBase64 } from '../tree/to-znode-view.ts'
import type { ZnodeWriteView } from '../tree/views.ts'
import { getTracedTouch } from './get-znode-transaction.ts'
import { restoreZnodeVersionSchema } from './schemas.ts'

type Present = Extract<ZnodeState, { kind: 'present' }>

/**
 * Puts the value, or the ACL, that a znode had behind one of its transactions back, as one guarded write: of the very znode and version that
 * the page showed, or a conflict. A znode that is gone is created again. The bytes come from the log, never from the browser.
 */
export async function restoreZnodeVersion(
  context: ServiceContext,
  input: z.input<typeof restoreZnodeVersionSchema>,
): Promise<ZnodeWriteView> {
  const { clusterId, path, zxid, part, expected } = parseInput(restoreZnodeVersionSchema, input)
  const { after, touch } = await getTracedTouch(context, { ref: { kind: 'live', clusterId }, path, zxid })
  if (after.kind !== 'present') throw notTold(`${path} was not there after transaction ${zxid}`)
  const reason = `As after transaction ${zxid} of ${new Date(touch.entry.timeMs).toISOString()}`
  if (part === 'acl') {
    if (after.acl.kind === 'unknown') throw notTold(`The archived log does not tell the ACL of ${path} then`)
    if (expected === null) throw notTold(`${path} does not exist, so it has no ACL to put back`)
    const acl = [...after.acl.value]
    const { czxid: expectedCzxid, aversion: expectedAversion } = expected
    return setZnodeAcl(context, { clusterId, path, acl, expectedAversion, expectedCzxid }, reason)
  }
  if (after.data.kind === 'unknown') throw notTold(`The archived log does not tell the value of ${path} then`)
  const data = after.data.value === null ? null : toBase64(after.data.value)
  if (expected === null) return createZnode(context, { clusterId, path, data, ...describeCreation(after) }, reason)
  const { czxid: expectedCzxid, version: expectedVersion } = expected
  return setZnodeData(context, { clusterId, path, data, expectedVersion, expectedCzxid, unseen: true }, reason)
}

/** Its ACL and kind as far as the log tells them. An ephemeral belongs to a session that is gone: it becomes persistent. */
function describeCreation({ acl, znodeKind }: Present) {
  const { kind, ttlMs } = znodeKind.kind === 'known' ? znodeKind.value : { kind: 'persistent', ttlMs: null }
  const isOther = kind === 'container' || kind === 'ttl'
  return {
    kind: isOther ? kind : 'persistent',
    ttlMs,
    acl: acl.kind === 'known' ? [...acl.value] : null,
  } as const
}

function notTold(message: string): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was written',
    remedy: 'choose another transaction',
  })
}
