import { describe, expect, test } from 'vitest'
import { BODY_BYTES_MAX, isUpload, refusalOf } from './refusal-of.ts'

const LOCAL = { host: '127.0.0.1', port: 3000, publicUrl: null }
const ALL = { host: '0.0.0.0', port: 3000, publicUrl: null }
const BEHIND = { host: '127.0.0.1', port: 3000, publicUrl: 'https://ark.example' }
const COOKIE = 'arkeeper-3000.session_token=x'

interface Asked {
  readonly method?: string
  readonly target?: string
  readonly hosts?: number
  readonly [header: string]: string | number | undefined
}

function ask(env: typeof LOCAL | typeof BEHIND, { method = 'GET', target = '/', hosts = 1, ...headers }: Asked) {
  const all: Record<string, string | number | undefined> = { host: '127.0.0.1:3000', ...headers }
  const header = (name: string) => (all[name] === undefined ? undefined : String(all[name]))
  const path = target.split('?')[0] ?? ''
  return refusalOf(env, { method, target, path, header, count: () => hosts })?.status ?? 'in'
}

describe('the door', () => {
  test('lets addresses of ours through', () => {
    for (const target of ['/', '/a/b?x=//y&z=\\', '/trees/a%2Fb', '/%C3%A4', '/a//b']) {
      expect(ask(LOCAL, { target }), target).toBe('in')
    }
  })

  test.each([
    '//evil.example',
    '/\\evil.example',
    '/%5Cevil.example',
    '/%2fevil.example',
    'http://evil.example/',
    '*',
    '',
    'evil',
    '/a\\b',
    '/a b',
    '/%',
    '/%ff',
    '/a%00',
    '/#a',
  ])('refuses %j as an address', (target) => expect(ask(LOCAL, { target })).toBe(400))

  test('refuses two hosts in one request', () => expect(ask(LOCAL, { hosts: 2 })).toBe(400))

  test('knows its own names only, from whatever port a tunnel leads', () => {
    for (const host of ['127.0.0.1:3000', 'localhost:8080', '[::1]:3000', 'LOCALHOST']) {
      expect(ask(LOCAL, { host }), host).toBe('in')
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', '', 'a@127.0.0.1', 'ark.example', '127.0.0.1:x']) {
      expect(ask(LOCAL, { host }), host).toBe(421)
    }
    for (const target of ['/healthz', '/readyz']) expect(ask(LOCAL, { host: 'pod-7', target })).toBe('in')
    // What is open without a token is for our own names: a page of somebody who has pointed theirs here reads nothing.
    expect(ask(LOCAL, { host: 'pod-7', target: '/metrics' })).toBe(421)
    expect(ask(LOCAL, { host: 'pod-7', target: '/metrics', authorization: 'Bearer x' })).toBe('in')
    expect(ask(LOCAL, { host: 'pod-7', target: '/metrics/x' })).toBe(421)
    expect(ask(BEHIND, { host: 'ark.example' })).toBe('in')
    expect(ask(BEHIND, { host: 'evil.example' })).toBe(421)
    expect(ask(ALL, { host: 'a-name-of-the-network:3000' })).toBe('in')
    expect(ask({ ...ALL, publicUrl: 'https://ark.example' }, { host: 'evil.example' })).toBe(421)
    expect(ask({ ...LOCAL, host: '192.0.2.1' }, { host: '192.0.2.1:3000' })).toBe('in')
    expect(ask({ ...LOCAL, host: '192.0.2.1' }, { host: 'evil.example' })).toBe(421)
  })
})

describe('what does more than read', () => {
  const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']

  test('comes from a page of ours', () => {
    for (const method of methods) {
      expect(ask(LOCAL, { method, origin: 'http://127.0.0.1:3000', cookie: COOKIE })).toBe('in')
      expect(ask(LOCAL, { method, 'sec-fetch-site': 'same-origin', cookie: COOKIE })).toBe('in')
      expect(ask(BEHIND, { method, origin: 'https://ark.example', cookie: COOKIE })).toBe('in')
    }
  })

  test('is refused from any other page, with a session or without', () => {
    const origins = ['https://evil.example', 'http://127.0.0.1:3001', 'https://127.0.0.1:3000', 'null', '']
    for (const method of methods) {
      for (const origin of origins) {
        expect(ask(LOCAL, { method, origin, cookie: COOKIE }), `${method} ${origin}`).toBe(403)
        expect(ask(LOCAL, { method, origin, 'sec-fetch-site': 'same-origin' }), `${method} ${origin}`).toBe(403)
        expect(ask(LOCAL, { method, origin, authorization: 'Bearer x' }), `${method} ${origin}`).toBe(403)
      }
      for (const site of ['cross-site', 'same-site', 'nonsense']) {
        expect(ask(LOCAL, { method, 'sec-fetch-site': site }), `${method} ${site}`).toBe(403)
      }
    }
  })

  test('with a session says where it comes from; a program with a token, or with nothing, need not', () => {
    expect(ask(LOCAL, { method: 'POST', cookie: COOKIE })).toBe(403)
    expect(ask(LOCAL, { method: 'POST', cookie: `__Secure-${COOKIE}` })).toBe(403)
    expect(ask(LOCAL, { method: 'POST', authorization: 'Bearer x' })).toBe('in')
    expect(ask(LOCAL, { method: 'POST' })).toBe('in')
    expect(ask(LOCAL, { method: 'POST', cookie: 'arkeeper-theme=dark; arkeeper-3001.session_token=x' })).toBe('in')
  })

  test('is not long, unless it is a file', () => {
    const post = { method: 'POST', target: '/api/x' }
    expect(ask(LOCAL, { ...post, 'content-length': BODY_BYTES_MAX })).toBe('in')
    expect(ask(LOCAL, { ...post, 'content-length': BODY_BYTES_MAX + 1 })).toBe(413)
    const upload = { method: 'POST', target: '/api/clusters/c1/import?name=x' }
    expect(ask(LOCAL, { ...upload, 'content-length': BODY_BYTES_MAX + 1 })).toBe('in')
    expect(isUpload('GET', '/api/clusters/c1/import')).toBe(false)
  })
})

test('data may be linked to from elsewhere, but not be part of somebody else’s page', () => {
  const get = { target: '/api/jobs', 'sec-fetch-site': 'cross-site' }
  expect(ask(LOCAL, { ...get, 'sec-fetch-mode': 'no-cors' })).toBe(403)
  expect(ask(LOCAL, { ...get, 'sec-fetch-mode': 'cors' })).toBe(403)
  expect(ask(LOCAL, { ...get, 'sec-fetch-mode': 'navigate' })).toBe('in')
  expect(ask(LOCAL, { ...get, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).toBe('in')
  expect(ask(LOCAL, { ...get, target: '/', 'sec-fetch-mode': 'navigate' })).toBe('in')
})
