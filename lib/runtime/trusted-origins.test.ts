import { describe, expect, test } from 'vitest'
import { isForeignOrigin, publicOrigin, trustedOrigins } from './trusted-origins.ts'

const at = (host: string, publicUrl: string | null = null) => ({ host, port: 3000, publicUrl })

describe('origins', () => {
  test('of a loopback address are its three names, whatever the request calls itself', () => {
    for (const host of ['127.0.0.1', 'localhost', '::1']) {
      expect(new Set(trustedOrigins(at(host), 'evil.example:3000'))).toEqual(
        new Set(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']),
      )
    }
  })

  test('of a process on all addresses include the name that the browser used', () => {
    expect(trustedOrigins(at('0.0.0.0'), 'ark.example:3000')).toContain('http://ark.example:3000')
    expect(trustedOrigins(at('0.0.0.0'), 'ark.example, evil')).not.toContain('http://ark.example, evil')
    expect(publicOrigin(at('0.0.0.0'))).toBe('http://127.0.0.1:3000')
  })

  test('of one address are that address only', () => {
    expect(trustedOrigins(at('192.0.2.1'), 'evil.example')).toEqual(['http://192.0.2.1:3000'])
  })

  test('of a name that only begins like a loopback address are not those of one', () => {
    expect(trustedOrigins(at('127.0.0.1.evil.example'), null)).toEqual(['http://127.0.0.1.evil.example:3000'])
  })

  test('behind a proxy are the public one, not what the request says', () => {
    const env = at('0.0.0.0', 'https://ark.example')
    expect(publicOrigin(env)).toBe('https://ark.example')
    expect(trustedOrigins(env, 'evil.example')).not.toContain('http://evil.example')
    expect(trustedOrigins(env, null)).toContain('https://ark.example')
  })

  test('of a request are foreign unless they are one of these; none at all is no browser', () => {
    const from = (origin: string | null) => new Headers(origin === null ? {} : { origin, host: '127.0.0.1:3000' })
    expect(isForeignOrigin(at('127.0.0.1'), from(null))).toBe(false)
    expect(isForeignOrigin(at('127.0.0.1'), from('http://localhost:3000'))).toBe(false)
    for (const origin of ['http://127.0.0.1:3001', 'https://127.0.0.1:3000', 'https://evil.example', 'null']) {
      expect(isForeignOrigin(at('127.0.0.1'), from(origin)), origin).toBe(true)
    }
  })
})
