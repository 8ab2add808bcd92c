import { expect, test } from 'vitest'
import { createTestAuthority } from '../testing/certificates.ts'
import { describeExpiry, expiresSoon } from './certificate-expiry.ts'
import { findIdentityFault, parseCertificates } from './certificates.ts'

const authority = createTestAuthority('CN=Test authority,O=Arkeeper')
const DAY_MS = 86_400_000

test('a certificate says whose it is, for what names and until when', () => {
  const from = new Date('2026-01-01T00:00:00Z')
  const to = new Date('2026-03-01T12:00:00Z')
  const { cert } = authority.issue('CN=zk 1,O=Acme Inc,C=NL', { names: ['zk1.example', '10.0.0.1'], from, to })
  expect(parseCertificates(cert + authority.cert)).toEqual([
    {
      subject: 'CN=zk 1,O=Acme Inc,C=NL',
      issuer: 'CN=Test authority,O=Arkeeper',
      names: ['zk1.example', '10.0.0.1'],
      validFrom: from.getTime(),
      validTo: to.getTime(),
      isAuthority: false,
    },
    expect.objectContaining({ subject: 'CN=Test authority,O=Arkeeper', isAuthority: true }),
  ])
})

test('what is no certificate is told from one', () => {
  expect(parseCertificates('hello')).toBeNull()
  expect(parseCertificates('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')).toBeNull()
})

test('a key has to be that of the certificate, readable and without a pass phrase', () => {
  const one = authority.issue('CN=one')
  const other = authority.issue('CN=other')
  expect(findIdentityFault(one.cert, one.key)).toBeNull()
  expect(findIdentityFault(one.cert, other.key)).toMatchObject({
    field: 'key',
    message: expect.stringMatching(/belong/),
  })
  expect(findIdentityFault(one.cert, 'x')).toMatchObject({ field: 'key' })
  expect(findIdentityFault(one.key, one.key)).toMatchObject({ field: 'cert' })
  const locked = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----'
  expect(findIdentityFault(one.cert, locked)).toMatchObject({ message: expect.stringMatching(/pass phrase/) })
})

test('an expiry is told in days from now', () => {
  const now = Date.parse('2026-06-01T00:00:00Z')
  expect(describeExpiry(now + 12.5 * DAY_MS, now)).toBe('expires in 12 days')
  expect(describeExpiry(now + DAY_MS / 2, now)).toBe('expires within a day')
  expect(describeExpiry(now - DAY_MS / 2, now)).toBe('expired today')
  expect(describeExpiry(now - 1.5 * DAY_MS, now)).toBe('expired 1 day ago')
  expect([31, 30, 1, -1].map((days) => expiresSoon(now + days * DAY_MS, now))).toEqual([false, true, true, true])
})
