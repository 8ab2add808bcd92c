import { invariant } from '../../../base/invariant.ts'
import type { RefusalCode, WriteOperation } from '../../../domain/restore/ports.ts'
import type { Acl } from '../../../domain/znode/acl.ts'
import { encodeRecord, JuteWriter } from './jute.ts'
import {
  CREATE_FLAG,
  MULTI_HEADER_BYTES,
  OP,
  toServerPath,
  writeAcl,
  writeMultiEnd,
  writeMultiHeader,
} from './protocol.ts'

const scratch = new JuteWriter()
/** Lists are shared between operations; each is encoded once. */
const encodedAcls = new WeakMap<Acl, Buffer>()

function encodedAcl(acl: Acl): Buffer {
  let encoded = encodedAcls.get(acl)
  if (encoded === undefined) {
    encoded = encodeRecord((writer) => writeAcl(writer, acl))
    encodedAcls.set(acl, encoded)
  }
  return encoded
}

/** Bytes that the operation adds to a multi. */
export function measureOperation(chroot: string, operation: WriteOperation): number {
  const path = 4 + Buffer.byteLength(toServerPath(chroot, operation.path))
  return MULTI_HEADER_BYTES + path + measureRest(operation)
}

/** All that follows the path. */
function measureRest(operation: WriteOperation): number {
  switch (operation.op) {
    case 'create': {
      const time = operation.kind === 'ttl' ? 8 : 0
      return 4 + (operation.data?.length ?? 0) + encodedAcl(operation.acl).length + 4 + time
    }
    case 'setData':
      return 4 + (operation.data?.length ?? 0) + 4
    case 'delete':
    case 'check':
      return 4
  }
}

/**
 * Body of a multi. Versions go out as they are given: 0 is a guard like any other, only -1 means any. Plain creates go out as operation 1,
 * which every server answers alike inside a multi.
 */
export function encodeMulti(chroot: string, operations: readonly WriteOperation[]): Buffer {
  const writer = scratch.reset()
  for (const operation of operations) {
    writeMultiHeader(writer, operationCode(operation))
    writeOperationBody(writer, chroot, operation)
  }
  writeMultiEnd(writer)
  return writer.toBuffer()
}

/** The same operation as a request of its own: what a multi adds to it is saved. */
export function encodeAlone(chroot: string, operation: WriteOperation): { readonly op: number; readonly body: Buffer } {
  const writer = scratch.reset()
  writeOperationBody(writer, chroot, operation)
  return { op: operationCode(operation), body: writer.toBuffer() }
}

function operationCode(operation: WriteOperation): number {
  switch (operation.op) {
    case 'create':
      if (operation.kind === 'container') return OP.createContainer
      return operation.kind === 'ttl' ? OP.createTtl : OP.create
    case 'setData':
      return OP.setData
    case 'delete':
      return OP.delete
    case 'check':
      return OP.check
  }
}

function writeOperationBody(writer: JuteWriter, chroot: string, operation: WriteOperation): void {
  writer.string(toServerPath(chroot, operation.path))
  switch (operation.op) {
    case 'create': {
      writer.bytes(operation.data)
      writer.raw(encodedAcl(operation.acl))
      if (operation.kind === 'container') {
        writer.int(CREATE_FLAG.container)
      } else if (operation.kind === 'ttl') {
        invariant(operation.ttlMs !== null, `the TTL znode ${operation.path} has a time to live`)
        writer.int(CREATE_FLAG.ttl).long(BigInt(operation.ttlMs))
      } else {
        writer.int(operation.sequential ? CREATE_FLAG.sequential : CREATE_FLAG.persistent)
      }
      return
    }
    case 'setData':
      writer.bytes(operation.data).int(operation.version)
      return
    case 'delete':
    case 'check':
      writer.int(operation.version)
  }
}

const REFUSALS: Readonly<Record<number, RefusalCode>> = {
  [-6]: 'UNIMPLEMENTED',
  [-8]: 'BAD_ARGUMENTS',
  [-101]: 'NO_NODE',
  [-102]: 'NO_AUTH',
  [-103]: 'BAD_VERSION',
  [-108]: 'NO_CHILDREN_FOR_EPHEMERALS',
  [-110]: 'NODE_EXISTS',
  [-111]: 'NOT_EMPTY',
  [-114]: 'INVALID_ACL',
  [-119]: 'NOT_READ_ONLY',
  [-125]: 'QUOTA_EXCEEDED',
}

/** Answers after which the write may or may not have happened. */
const IN_DOUBT = new Set([-1, -2, -3, -4, -7, -112, -118, -122])

export function isInDoubt(err: number): boolean {
  return IN_DOUBT.has(err)
}

export function toRefusalCode(err: number): RefusalCode {
  return REFUSALS[err] ?? 'OTHER'
}
