import type { Acl, AclEntry } from '../znode/acl.ts'
import { TXN_HEADER_BYTES, type TxnEntry } from './entry.ts'
import { logFault } from './errors.ts'
import { type DecodedTxn, TXN_TYPE, type Txn, type TxnDigest, type TxnOp } from './txn.ts'
import { TxnCursor } from './txn-cursor.ts'

const DIGEST_BYTES = 12
const DIGEST_VERSION = 2
const ACLS_MAX = 4096

/** Lists that were met, by their bytes: a log names few of them and very often. */
export type AclCache = Map<string, Acl>

/**
 * The record behind an entry's header. Data are views of the entry's buffer. Throws TxnLogError BAD_RECORD where the record is not what
 * its type says, or UNKNOWN_TYPE. `acls`: give the same map for all entries of a log.
 */
export function decodeTxn(entry: TxnEntry, acls: AclCache = new Map()): DecodedTxn {
  const cursor = new TxnCursor(entry, entry.start + TXN_HEADER_BYTES)
  const txn = readTxn(entry.type, cursor, acls, entry)
  return { txn, digest: readDigest(cursor) }
}

function readTxn(type: number, cursor: TxnCursor, acls: AclCache, entry: TxnEntry): Txn {
  switch (type) {
    case TXN_TYPE.createSession:
      return { kind: 'createSession', timeoutMs: cursor.int32('a timeout') }
    case TXN_TYPE.closeSession:
      return { kind: 'closeSession', paths: readPaths(cursor) }
    case TXN_TYPE.multi:
      return readMulti(cursor, acls, entry)
    default:
      return readOp(type, cursor, acls, entry)
  }
}

function readOp(type: number, cursor: TxnCursor, acls: AclCache, entry: TxnEntry): TxnOp {
  switch (type) {
    case TXN_TYPE.create:
    case TXN_TYPE.create2: {
      const common = { kind: 'create', type, path: cursor.path(), data: cursor.bytes('data') } as const
      const acl = readAcl(cursor, acls)
      const ephemeral = cursor.boolean('the ephemeral flag')
      // 3.3 and older wrote no cversion (and no digest): then nothing is left.
      const parentCversion = cursor.left === 0 ? -1 : cursor.int32("the parent's cversion")
      return { ...common, acl, ephemeral, parentCversion, ttlMs: null }
    }
    case TXN_TYPE.createContainer:
    case TXN_TYPE.createTtl: {
      const common = { kind: 'create', type, path: cursor.path(), data: cursor.bytes('data') } as const
      const acl = readAcl(cursor, acls)
      const parentCversion = cursor.int32("the parent's cversion")
      const ttlMs = type === TXN_TYPE.createTtl ? cursor.int64('a TTL') : null
      return { ...common, acl, ephemeral: false, parentCversion, ttlMs }
    }
    case TXN_TYPE.delete:
    case TXN_TYPE.deleteContainer:
      return { kind: 'delete', type, path: cursor.path() }
    case TXN_TYPE.setData:
    case TXN_TYPE.reconfig:
      return {
        kind: 'setData',
        type,
        path: cursor.path(),
        data: cursor.bytes('data'),
        version: cursor.int32('a version'),
      }
    case TXN_TYPE.setAcl:
      return { kind: 'setAcl', path: cursor.path(), acl: readAcl(cursor, acls), aversion: cursor.int32('a version') }
    case TXN_TYPE.check:
      return { kind: 'check', path: cursor.path(), version: cursor.int32('a version') }
    case TXN_TYPE.error:
      return { kind: 'error', error: cursor.int32('an error code') }
    default:
      throw logFault('UNKNOWN_TYPE', {
        offset: entry.offset + cursor.at - entry.start,
        expected: 'a type of transaction that servers write',
        found: `type ${type}`,
        details: { zxid: entry.zxid },
      })
  }
}

/** Multi: int n, then n × (int type, buffer record); records as outside, without headers and digests. */
function readMulti(cursor: TxnCursor, acls: AclCache, entry: TxnEntry): Txn {
  const count = cursor.count('parts of a multi', 8)
  const ops: TxnOp[] = []
  let failed = false
  for (let i = 0; i < count; i++) {
    const type = cursor.int32('the type of a part')
    const length = Math.max(cursor.length('a part'), 0)
    const part = new TxnCursor(entry, cursor.at, cursor.at + length)
    const op = readOp(type, part, acls, entry)
    // A server that applies a multi that failed renames its good parts and leaves their bytes, which is what a leader then sends from memory.
    const isRenamed = op.kind === 'error' && part.left !== 0
    if (part.left !== 0 && !isRenamed) throw part.fault(part.at, 'the end of the part', `${part.left} more bytes`)
    if (op.kind === 'error') failed = true
    ops.push(isRenamed ? { kind: 'error', error: 0 } : op)
    cursor.at += length
  }
  return { kind: 'multi', ops, failed }
}

/** What is left tells: nothing, or a digest alone (its version is no possible number of paths in 12 bytes), or the list first. */
function readPaths(cursor: TxnCursor): string[] | null {
  if (cursor.left === 0) return null
  if (cursor.left === DIGEST_BYTES && cursor.buffer.readInt32BE(cursor.at) === DIGEST_VERSION) return null
  const count = cursor.count('paths', 4)
  const paths: string[] = []
  for (let i = 0; i < count; i++) paths.push(cursor.path())
  return paths
}

function readAcl(cursor: TxnCursor, acls: AclCache): Acl {
  const from = cursor.at
  const count = cursor.count('entries of an ACL list', 12)
  // Lengths first: the bytes are the key, and a list that is known is not decoded again.
  for (let i = 0; i < count; i++) {
    cursor.int32('permissions')
    cursor.skip('a scheme')
    cursor.skip('an id')
  }
  const key = cursor.buffer.toString('latin1', from, cursor.at)
  const known = acls.get(key)
  if (known) return known
  cursor.at = from + 4
  const acl: AclEntry[] = []
  for (let i = 0; i < count; i++) {
    acl.push({ perms: cursor.int32('permissions'), scheme: cursor.text('a scheme'), id: cursor.text('an id') })
  }
  if (acls.size >= ACLS_MAX) acls.clear()
  acls.set(key, acl)
  return acl
}

function readDigest(cursor: TxnCursor): TxnDigest | null {
  if (cursor.left === 0) return null
  if (cursor.left !== DIGEST_BYTES) {
    throw cursor.fault(cursor.at, '0 or 12 bytes after the record', `${cursor.left} bytes`)
  }
  const version = cursor.int32('the digest')
  return { version, value: BigInt.asUintN(64, cursor.int64('the digest')) }
}
