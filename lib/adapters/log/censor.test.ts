import { expect, it } from 'vitest'
import { censorFields, censorText } from './censor.ts'

it('a field that holds a secret by its name is censored at any depth, numbers and flags are not', () => {
  const cause = {
    details: { fields: [{ newPassword: 'planted' }], target: { adminAuthSecret: 'planted', tlsKey: 'k' } },
  }
  expect(
    censorFields({ cause, leaseToken: 3, hasPassword: true, secretAccessKey: 'planted', data: 'planted', path: '/a' }),
  ).toEqual({
    cause: {
      details: { fields: [{ newPassword: '[secret]' }], target: { adminAuthSecret: '[secret]', tlsKey: 'k' } },
    },
    leaseToken: 3,
    hasPassword: true,
    secretAccessKey: '[secret]',
    data: '[secret]',
    path: '/a',
  })
})

it('bytes are never written, and what is in a circle ends', () => {
  const circle: Record<string, unknown> = { bytes: new Uint8Array([1, 2]) }
  circle.self = circle
  expect(JSON.stringify(censorFields(circle))).toContain('[bytes]')
})

it.each([
  ['an address', 'connect postgresql://arkeeper:planted@db:5432/x failed'],
  ['a password alone in an address', 'redis://:planted@host'],
  ['an age identity', 'AGE-SECRET-KEY-1PLANTEDPLANTED and more'],
  ['a private key', JSON.stringify({ pem: '-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n' })],
  ['a private key that is cut', JSON.stringify({ pem: '-----BEGIN EC PRIVATE KEY-----\nplanted' })],
  ['a token of ours', 'ark_planted0000000000000000000000000000000'],
  ['a bearer', 'authorization: Bearer planted.planted.planted'],
  ['a digest credential', 'addauth digest admin:planted failed'],
  ['an ACL with a hash', '[digest:admin:planted=]'],
  ['a signed address', 'GET /b/k?X-Amz-Credential=planted&X-Amz-Signature=planted'],
])('%s in a text is censored', (_name, text) => {
  expect(censorText(text)).not.toContain('planted')
  expect(censorText(text)).toContain('[secret]')
})

it('what is none stays as it is', () => {
  const text = '{"msg":"zk1:2181 refused; http://zk1:8080/commands/monitor; a digest mismatch: 3; digest 0x1a"}'
  expect(censorText(text)).toBe(text)
})
