import { describe, expect, test } from 'vitest'
import { clientOf, parseProxies } from './proxies.ts'

const list = (text: string) => {
  const parsed = parseProxies(text)
  if (!parsed) throw new Error(`not a list: ${text}`)
  return parsed
}
const ask = (proxies: string, peer: string, forwardedFor?: string, forwardedProto?: string) =>
  clientOf(list(proxies), { peer, forwardedFor, forwardedProto })

describe('a list of proxies', () => {
  test('holds addresses and ranges of both families', () => {
    const proxies = list('127.0.0.1, 10.0.0.0/8 2001:db8::/32')
    const asked = ['127.0.0.1', '127.0.0.2', '10.255.1.2', '11.0.0.1', '2001:db8::7', '2001:db9::7', 'nonsense', '']
    expect(asked.filter(proxies.holds)).toEqual(['127.0.0.1', '10.255.1.2', '2001:db8::7'])
    expect(asked.filter(list('').holds)).toEqual([])
  })

  test.each(['10.0.0.0/33', '::/129', '10.0.0', 'proxy.example', '10.0.0.1/', '/8', 'fe80::1%eth0', '0.0.0.0/-1', '*'])(
    '%j is none',
    (text) => expect(parseProxies(`127.0.0.1, ${text}`)).toBeNull(),
  )
})

describe('the client of a request', () => {
  test('is the peer, whatever it says of itself, when nobody is trusted', () => {
    expect(ask('', '192.0.2.7', '198.51.100.1', 'https')).toEqual({ address: '192.0.2.7', secure: false })
    expect(ask('10.0.0.0/8', '192.0.2.7', '10.0.0.1', 'https')).toEqual({ address: '192.0.2.7', secure: false })
  })

  test('is whom the trusted proxy has seen, not what that one has made up in front', () => {
    expect(ask('127.0.0.1', '127.0.0.1', '1.1.1.1, 192.0.2.7', 'https')).toEqual({ address: '192.0.2.7', secure: true })
    expect(ask('127.0.0.1', '::ffff:127.0.0.1', '1.1.1.1, 192.0.2.7').address).toBe('192.0.2.7')
    expect(ask('127.0.0.1,10.0.0.0/8', '127.0.0.1', '1.1.1.1, 192.0.2.7, 10.1.1.1').address).toBe('192.0.2.7')
    expect(ask('10.0.0.0/8', '10.0.0.1', '10.0.0.9, 10.0.0.8').address).toBe('10.0.0.9')
  })

  test('is the last one known where the chain is broken or absent', () => {
    expect(ask('127.0.0.1', '127.0.0.1').address).toBe('127.0.0.1')
    expect(ask('127.0.0.1', '127.0.0.1', '192.0.2.7, unknown').address).toBe('127.0.0.1')
    expect(ask('127.0.0.1', '127.0.0.1', '192.0.2.7, <script>').address).toBe('127.0.0.1')
  })

  test('is understood with a port, in brackets and in capitals', () => {
    expect(ask('127.0.0.1', '127.0.0.1', '192.0.2.7:5123').address).toBe('192.0.2.7')
    expect(ask('127.0.0.1', '127.0.0.1', '[2001:DB8::1]:443').address).toBe('2001:db8::1')
  })

  test('came over TLS only when the nearest proxy says so', () => {
    expect(ask('127.0.0.1', '127.0.0.1', '192.0.2.7', 'https, http').secure).toBe(false)
    expect(ask('127.0.0.1', '127.0.0.1', '192.0.2.7', 'http, HTTPS').secure).toBe(true)
  })
})
