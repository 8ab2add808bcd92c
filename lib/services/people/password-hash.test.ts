import { hashPassword as hashAsBefore } from 'better-auth/crypto'
import { expect, test } from 'vitest'
import { hashPassword, isEarlierHash, verifyPassword } from './password-hash.ts'

const PASSWORD = 'planted-pässword-1'

test('a hash says its cost, is salted, and fits its own password only, however the accents were typed', async () => {
  const [hash, again] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)]
  expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/)
  expect(again).not.toBe(hash)
  expect(isEarlierHash(hash)).toBe(false)
  expect(await verifyPassword({ hash, password: PASSWORD.normalize('NFD') })).toBe(true)
  expect(await verifyPassword({ hash, password: `${PASSWORD}x` })).toBe(false)
})

test('a hash of an earlier version stays valid and is known for what it is', async () => {
  const hash = await hashAsBefore(PASSWORD)
  expect(isEarlierHash(hash)).toBe(true)
  expect(await verifyPassword({ hash, password: PASSWORD })).toBe(true)
  expect(await verifyPassword({ hash, password: 'planted-password-2' })).toBe(false)
})

test('what is no hash fits nothing', async () => {
  for (const hash of ['', ':', 'abc:def', '$scrypt$ln=1,r=8,p=3$x$y', '0'.repeat(32)]) {
    expect(await verifyPassword({ hash, password: PASSWORD }), hash).toBe(false)
  }
})
