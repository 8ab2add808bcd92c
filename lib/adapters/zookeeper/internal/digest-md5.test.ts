import { expect, test } from 'vitest'
import { answerChallenge, isProof, parseDirectives } from './digest-md5.ts'

test('the example of RFC 2831, 4', () => {
  const challenge = parseDirectives(
    'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8',
  )
  expect(challenge).not.toBeNull()
  const { response, serverProof } = answerChallenge(challenge ?? new Map(), {
    username: 'chris',
    password: 'secret',
    cnonce: 'OA6MHXh6VqTrRk',
    uri: 'imap/elwood.innosoft.com',
  })
  expect(parseDirectives(response)?.get('response')).toBe('d388dad90d4bbd760a152321f2143af7')
  expect(isProof('ea40f60335c427b5527b84dbabcdfffd', serverProof)).toBe(true)
  expect(isProof('ea40f60335c427b5527b84dbabcdfffe', serverProof)).toBe(false)
  expect(isProof(undefined, serverProof)).toBe(false)
})

test('quoted values may hold commas, quotes and backslashes, and come back as they were', () => {
  expect(parseDirectives('a="x,\\"y\\\\",b=c, D = "" ')).toEqual(
    new Map([
      ['a', 'x,"y\\'],
      ['b', 'c'],
      ['d', ''],
    ]),
  )
  for (const text of ['a', 'a="x', 'a="x"b', '=x']) expect(parseDirectives(text)).toBeNull()
  const { response } = answerChallenge(new Map([['nonce', 'n']]), { username: 'a"b\\', password: 'p', cnonce: 'c' })
  expect(parseDirectives(response)?.get('username')).toBe('a"b\\')
})
