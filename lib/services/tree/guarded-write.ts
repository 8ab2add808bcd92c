import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { parseHex64 } from '../../base/hex64.ts'
import { invariant } from '../../base/invariant.ts'
import type { RefusalCode, WriteOperation, WriteOutcome } from '../../domain/restore/ports.ts'
import { isSystemPath, parsePath, ROOT } from '../../domain/znode/path.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { type ClusterMutation, type ClusterWorkResult, mutateCluster, type RecordFacts } from '../gate.ts'
import { withValueMask } from '../values/value-mask.ts'
import { toReadingView } from './to-znode-view.ts'
import { formatTreeRef } from './tree-ref.ts'
import type { ZnodeWriteView } from './views.ts'

type Found = Extract<ZnodeReading, { kind: 'found' }>

/** As the view of it, but what somebody else wrote is whole: nobody has asked yet who may see it. */
export type ZnodeWriteEnd =
  | Extract<ZnodeWriteView, { kind: 'done' }>
  | { readonly kind: 'conflict'; readonly message: string; readonly theirs: ZnodeReading }

/** `mutateCluster` for single znodes: of a conflict, theirs is shown as far as it is not hidden from whoever writes. */
export async function writeZnode(
  context: ServiceContext,
  mutation: ClusterMutation,
  work: (
    cluster: { readonly id: string; readonly name: string },
    record: RecordFacts,
  ) => Promise<ClusterWorkResult<ZnodeWriteEnd>>,
): Promise<ZnodeWriteView> {
  const end = await mutateCluster(context, mutation, work)
  if (end.kind === 'done') return end
  const { clusterId } = mutation
  const place = { clusterId, tree: formatTreeRef({ kind: 'live', clusterId }) }
  return withValueMask(context, place, async (mask) => ({ ...end, theirs: toReadingView(end.theirs, mask) }))
}

/** A path that people may write: /zookeeper belongs to the servers. */
export function parseWritablePath(text: string): string {
  const path = parsePath(text)
  if (isSystemPath(path)) {
    throw new ServiceError('WRITE_REFUSED', `${path} belongs to ZooKeeper itself and is not written here`, {
      unaffected: 'nothing was written',
      remedy: 'use the tools of the ensemble, for example zkCli',
    })
  }
  return path
}

export function assertNotRoot(path: string): void {
  if (path !== ROOT) return
  throw new ServiceError('WRITE_REFUSED', 'The root cannot be created or deleted', {
    unaffected: 'nothing was written',
  })
}

/** The expected state as the page read it. The schemas have checked the hex form. */
export function parseCzxid(text: string): bigint {
  const czxid = parseHex64(text)
  invariant(czxid !== null, 'the schema lets only hex numbers through')
  return czxid
}

/**
 * The live znode when it is still the one that the person saw, or the conflict. The version alone does not tell:
 * a znode that was deleted and created again starts at 0, but under another czxid.
 */
export async function readExpected(
  connection: ClusterConnection,
  path: string,
  isExpected: (znode: Znode) => string | null,
  record: RecordFacts,
): Promise<{ kind: 'expected'; found: Found } | { kind: 'conflict'; result: ClusterWorkResult<ZnodeWriteEnd> }> {
  const live = await connection.get(path)
  if (live.kind === 'missing') {
    return { kind: 'conflict', result: toConflict(`${path} does not exist any more`, live, record) }
  }
  if (live.kind === 'unreadable') {
    throw new ServiceError('WRITE_REFUSED', `${path} cannot be read, so it cannot be compared with what was shown`, {
      unaffected: 'nothing was written',
      remedy: "give the cluster's credentials the read right there",
      details: { reason: live.message },
    })
  }
  const fault = isExpected(live.znode)
  if (fault !== null) return { kind: 'conflict', result: toConflict(fault, live, record) }
  return { kind: 'expected', found: live }
}

/** For readExpected: the data version and the czxid that were shown. Null when both hold, else what happened meanwhile. */
export function shownVersion(path: string, shown: { czxid: bigint; version: number }): (znode: Znode) => string | null {
  return ({ stat }) => {
    if (stat.czxid !== shown.czxid) return `${path} was deleted and created again`
    if (stat.version === shown.version) return null
    return `${path} was changed meanwhile: it is at version ${stat.version}, version ${shown.version} was shown`
  }
}

/** An answer, not an error: the page shows theirs beside yours. The audit counts it as failed. */
export function toConflict(
  message: string,
  theirs: ZnodeReading,
  record: RecordFacts,
): ClusterWorkResult<ZnodeWriteEnd> {
  record({ message: `CONFLICT: ${message}` })
  return { value: { kind: 'conflict', message, theirs }, outcome: 'failed' }
}

export async function rereadConflict(
  connection: ClusterConnection,
  path: string,
  message: string,
  record: RecordFacts,
): Promise<ClusterWorkResult<ZnodeWriteEnd>> {
  return toConflict(message, await connection.get(path), record)
}

/** Refusals that mean "somebody else was there in between". */
export function isConflictCode(code: RefusalCode): boolean {
  return code === 'BAD_VERSION' || code === 'NO_NODE' || code === 'NODE_EXISTS' || code === 'NOT_EMPTY'
}

const REFUSALS: Partial<Record<RefusalCode, { message: string; remedy: string }>> = {
  NO_AUTH: {
    message: "the cluster's credentials have no right to do that there",
    remedy: 'change the ACL, or the credentials of the cluster',
  },
  INVALID_ACL: {
    message: 'the server does not accept this ACL',
    remedy: 'check schemes and ids; the scheme auth needs a session with credentials',
  },
  NO_CHILDREN_FOR_EPHEMERALS: {
    message: 'the parent is ephemeral, and ephemeral znodes have no children',
    remedy: 'choose another parent',
  },
  UNIMPLEMENTED: {
    message: 'this server does not know that kind of znode',
    remedy: 'TTL znodes need ZooKeeper 3.5.3 or newer with zookeeper.extendedTypesEnabled=true',
  },
  QUOTA_EXCEEDED: { message: 'a quota would be exceeded', remedy: 'raise the quota or free space below it' },
  NOT_READ_ONLY: { message: 'the server is read-only at the moment', remedy: 'wait until the ensemble has a majority' },
  TOO_LARGE: { message: 'the request is too large for the server', remedy: 'make the value smaller' },
}

/** Any refusal that is no conflict: the server's reason in words. */
export function toRefusedError(
  what: string,
  outcome: Extract<WriteOutcome<unknown>, { kind: 'refused' }>,
): ServiceError {
  const known = REFUSALS[outcome.code]
  return new ServiceError('WRITE_REFUSED', `${what} was refused: ${known?.message ?? outcome.message}`, {
    unaffected: 'nothing was written',
    remedy: known?.remedy,
    details: { refusal: outcome.code },
  })
}

export function toUnknownError(what: string, seen: string): ServiceError {
  return new ServiceError('OUTCOME_UNKNOWN', `The connection was lost while ${what}: ${seen}`, {
    remedy: 'look at the znode again before you repeat it',
  })
}

/** Throws before anything is sent when the operation does not fit one request: the server would drop the connection without a word. */
export function assertFits(connection: ClusterConnection, operation: WriteOperation): void {
  const bytes = connection.encodedSizeOf(operation)
  if (bytes <= connection.requestBytesMax) return
  const message = `The request would have ${bytes} bytes; the server takes at most ${connection.requestBytesMax}`
  throw new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was written',
    remedy: 'make the value smaller, or split it over several znodes',
    details: { fields: { data: message } },
  })
}

export function fromBase64(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text, 'base64')
}

export function isSameData(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}
