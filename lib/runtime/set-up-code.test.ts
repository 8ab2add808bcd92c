import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { setUpCodeOf } from './set-up-code.ts'

const key = randomBytes(32)

describe('the set-up code', () => {
  test('is asked for wherever others than the people of this host can come', () => {
    for (const host of ['127.0.0.1', '127.3.2.1', 'localhost', '::1']) {
      expect(setUpCodeOf({ host, publicUrl: null }, key), host).toBeNull()
      expect(setUpCodeOf({ host, publicUrl: 'https://ark.example' }, key), host).not.toBeNull()
    }
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'ark.example', '127.evil.example']) {
      expect(setUpCodeOf({ host, publicUrl: null }, key), host).not.toBeNull()
    }
  })

  test('is the same after a restart, another for each installation, and too long to guess', () => {
    const at = { host: '0.0.0.0', publicUrl: null }
    expect(setUpCodeOf(at, key)).toBe(setUpCodeOf(at, key))
    expect(setUpCodeOf(at, key)).not.toBe(setUpCodeOf(at, randomBytes(32)))
    expect(setUpCodeOf(at, key)).toMatch(/^[2-9a-z]{5}(-[2-9a-z]{5}){3}$/)
  })
})
