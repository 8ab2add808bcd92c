import { formatHex64 } from '../../base/hex64.ts'
import type { ZnodeState } from '../../domain/txnlog/znode-state.ts'
import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { ServiceError } from '../errors.ts'
import { DATA_BYTES_MAX, toBase64, toUnpackedView } from '../tree/to-znode-view.ts'
import { formatTreeRef, type TreeRef } from '../tree/tree-ref.ts'
import { type ValueMask, withValueMask } from '../values/value-mask.ts'
import type { HiddenValueView } from '../values/views.ts'
import { findZnodeLog } from './find-znode-log.ts'
import { parseZxid } from './list-znode-transactions.ts'
import { type TracedTouch, toTransactionView, traceZnode } from './trace-znode.ts'
import type { StateView, ZnodeTransactionDetailView } from './views.ts'

const LOOK_BACK = { pages: 5, limit: 20, forAcl: true } as const

/** One transaction of one znode, with value and ACL before and behind it. Throws NOT_FOUND where it did not touch the znode. */
export async function getZnodeTransaction(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string; readonly zxid: string },
): Promise<ZnodeTransactionDetailView> {
  const traced = await getTracedTouch(context, input)
  const tree = formatTreeRef(input.ref)
  const { clusterId } = await describeTreeRef(context, tree)
  const path = parsePath(input.path)
  return withValueMask(context, { clusterId, tree }, (mask) => toTransactionDetail(traced, path, mask))
}

/** `path` as people see it: the log has the whole one. */
export async function toTransactionDetail(
  traced: TracedTouch,
  path: string,
  mask: ValueMask,
): Promise<ZnodeTransactionDetailView> {
  return {
    transaction: toTransactionView(traced),
    before: await toStateView(traced.before, path, mask),
    after: await toStateView(traced.after, path, mask),
  }
}

/** Throws NOT_FOUND or INVALID_INPUT. */
export async function getTracedTouch(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string; readonly zxid: string },
): Promise<TracedTouch> {
  const path = parsePath(input.path)
  const zxid = parseZxid(input.zxid)
  const log = await findZnodeLog(context, input.ref, path)
  const { traced } = await traceZnode(context, log, { before: zxid + 1n, limit: 1, lookBack: LOOK_BACK })
  const [found] = traced
  if (found?.touch.zxid === zxid) return found
  throw new ServiceError('NOT_FOUND', `The archived log has no transaction ${formatHex64(zxid)} of ${path}`)
}

async function toStateView(state: ZnodeState, path: string, mask: ValueMask): Promise<StateView> {
  if (state.kind !== 'present') return state
  const { data, acl, znodeKind, version } = state
  return {
    kind: 'present',
    value: data.kind === 'known' ? await toValueView(data.value, mask.hide(path, data.value)) : data,
    acl: acl.kind === 'known' ? acl.value.map(({ perms, scheme, id }) => ({ perms, scheme, id })) : null,
    znodeKind: znodeKind.kind === 'known' ? znodeKind.value.kind : null,
    ttlMs: znodeKind.kind === 'known' ? znodeKind.value.ttlMs : null,
    version: version.kind === 'known' ? version.value : null,
  }
}

async function toValueView(data: Uint8Array | null, hidden: HiddenValueView | null) {
  if (hidden) {
    return {
      kind: 'known',
      data: null,
      dataLength: data?.length ?? 0,
      truncated: false,
      unpacked: null,
      hidden,
    } as const
  }
  return {
    kind: 'known',
    data: data === null ? null : toBase64(data.subarray(0, DATA_BYTES_MAX)),
    dataLength: data?.length ?? 0,
    truncated: data !== null && data.length > DATA_BYTES_MAX,
    unpacked: await toUnpackedView(data),
  } as const
}
