import { expect, test } from 'vitest'
import type { WriteOperation } from '../../../domain/restore/ports.ts'
import { MULTI_OVERHEAD_BYTES } from './protocol.ts'
import { encodeMulti, measureOperation } from './write-request.ts'

const acl = [
  { perms: 31, scheme: 'digest', id: 'ü:aGFzaA==' },
  { perms: 1, scheme: 'world', id: 'anyone' },
]
const created = {
  op: 'create',
  path: '/ü/漢',
  data: Buffer.from('value'),
  acl,
  kind: 'persistent',
  ttlMs: null,
} as const
const operations: readonly WriteOperation[] = [
  created,
  { ...created, data: null, kind: 'container' },
  { ...created, data: Buffer.alloc(0), kind: 'ttl', ttlMs: 5, acl: [] },
  { op: 'setData', path: '/', data: Buffer.alloc(3000), version: 4 },
  { op: 'setData', path: '/a\u{1f600}', data: null, version: 0 },
  { op: 'delete', path: '/a/b', version: 1 },
  { op: 'check', path: '/a', version: -1 },
]
/** xid and operation code stand in front of the body. */
const FRONT_BYTES = 8

test.each(['', '/chroot/ö'])('the measure of an operation is what it adds to a request, below "%s"', (chroot) => {
  for (const operation of operations) {
    const alone = FRONT_BYTES + encodeMulti(chroot, [operation]).length
    expect({ operation, bytes: measureOperation(chroot, operation) }).toEqual({
      operation,
      bytes: alone - MULTI_OVERHEAD_BYTES,
    })
  }
  const sum = operations.reduce((bytes, operation) => bytes + measureOperation(chroot, operation), 0)
  expect(FRONT_BYTES + encodeMulti(chroot, operations).length).toBe(sum + MULTI_OVERHEAD_BYTES)
})

test('a request that was encoded is not touched by the next one', () => {
  const first = encodeMulti('', [created])
  const copy = Buffer.from(first)
  encodeMulti('', [{ ...created, path: '/other' }])
  expect(first.equals(copy)).toBe(true)
})
