import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSecretBox, deriveKey } from './secret-box.ts'

const KEY = randomBytes(32)

describe('secret box', () => {
  test('opens what it sealed, for any text', () => {
    const box = createSecretBox(KEY)
    for (const text of ['', 'user:pässwörd', '🙂', 'x'.repeat(10_000)]) expect(box.open(box.seal(text))).toBe(text)
  })

  test('never seals the same text to the same bytes, nor shows the text', () => {
    const box = createSecretBox(KEY)
    const [a, b] = [box.seal('user:planted-password'), box.seal('user:planted-password')]
    expect(Buffer.from(a).equals(b)).toBe(false)
    expect(Buffer.from(a).includes('planted')).toBe(false)
  })

  test('says so when the secret was sealed with another key', () => {
    const sealed = createSecretBox(randomBytes(32)).seal('user:secret')
    expect(() => createSecretBox(KEY).open(sealed)).toThrowError(
      expect.objectContaining({ code: 'SECRET_UNREADABLE', message: expect.stringContaining('another key') }),
    )
  })

  test('refuses a secret with any bit flipped or any byte cut off', () => {
    const box = createSecretBox(KEY)
    const sealed = box.seal('user:secret')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed)
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => box.open(damaged), `bit ${bit}`).toThrowError(expect.objectContaining({ code: 'SECRET_UNREADABLE' }))
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => box.open(sealed.subarray(0, length))).toThrowError(
        expect.objectContaining({ code: 'SECRET_UNREADABLE' }),
      )
    }
  })

  test('derives unrelated keys for unrelated purposes', () => {
    expect(deriveKey(KEY, 'a', 32).equals(deriveKey(KEY, 'a', 32))).toBe(true)
    expect(deriveKey(KEY, 'a', 32).equals(deriveKey(KEY, 'b', 32))).toBe(false)
  })
})
