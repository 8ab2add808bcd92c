import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadOrCreateSecretKey, parseSecretKey } from './secret-key.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'arkeeper-key-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('key file', () => {
  test('is made once, for its owner only, and read again as it was', () => {
    const key = loadOrCreateSecretKey(dir)
    expect(key.length).toBe(32)
    expect(statSync(join(dir, 'secret.key')).mode & 0o777).toBe(0o600)
    expect(Buffer.from(loadOrCreateSecretKey(dir)).equals(key)).toBe(true)
    expect(readdirSync(dir)).toEqual(['secret.key'])
  })

  test('is refused when others can read it', () => {
    loadOrCreateSecretKey(dir)
    chmodSync(join(dir, 'secret.key'), 0o640)
    expect(() => loadOrCreateSecretKey(dir)).toThrowError(
      expect.objectContaining({ code: 'SECRET_KEY_EXPOSED', message: expect.stringContaining('0640') }),
    )
  })

  test('is never replaced when it is damaged', () => {
    const file = join(dir, 'secret.key')
    writeFileSync(file, 'half a ke', { mode: 0o600 })
    expect(() => loadOrCreateSecretKey(dir)).toThrowError(expect.objectContaining({ code: 'SECRET_KEY_INVALID' }))
    expect(statSync(file).size).toBe(9)
  })
})

describe('key in the environment', () => {
  test('is taken as base64, as URL-safe base64 and as hex', () => {
    const key = randomBytes(32)
    for (const text of [
      key.toString('base64'),
      key.toString('base64url'),
      key.toString('hex'),
      ` ${key.toString('hex')}\n`,
    ]) {
      expect(Buffer.from(parseSecretKey(text, 'ARKEEPER_SECRET_KEY')).equals(key)).toBe(true)
    }
  })

  test('of another length is refused without being quoted', () => {
    for (const text of ['', 'short', randomBytes(31).toString('base64'), randomBytes(33).toString('hex')]) {
      expect(() => parseSecretKey(text, 'ARKEEPER_SECRET_KEY')).toThrowError(
        expect.objectContaining({
          code: 'SECRET_KEY_INVALID',
          message: expect.stringMatching(/^ARKEEPER_SECRET_KEY does not/),
        }),
      )
    }
  })
})
