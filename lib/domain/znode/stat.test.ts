import { describe, expect, it } from 'vitest'
import { CONTAINER_OWNER, fromClientCversion, kindFromOwner, ownerFromTtl, toClientCversion } from './stat.ts'

describe('kindFromOwner', () => {
  it('tells the four kinds apart by the raw owner', () => {
    expect(kindFromOwner(0n)).toEqual({ kind: 'persistent', ttlMs: null })
    expect(kindFromOwner(CONTAINER_OWNER)).toEqual({ kind: 'container', ttlMs: null })
    // One day, as a 3.9 server wrote it.
    expect(kindFromOwner(-72_057_593_951_527_936n)).toEqual({ kind: 'ttl', ttlMs: 86_400_000 })
    expect(kindFromOwner(0x10000145d8c0000n)).toEqual({ kind: 'ephemeral', ttlMs: null })
  })

  it('does not take a session of server 255 for a TTL node', () => {
    expect(kindFromOwner(BigInt.asIntN(64, 0xff00_0012_3456_789an)).kind).toBe('ttl')
    expect(kindFromOwner(BigInt.asIntN(64, 0xff01_02a2_0833_0000n)).kind).toBe('ephemeral')
  })

  it('round-trips the whole TTL range', () => {
    for (const ttlMs of [1, 86_400_000, 0xff_ffff_ffff])
      expect(kindFromOwner(ownerFromTtl(ttlMs))).toEqual({ kind: 'ttl', ttlMs })
  })
})

describe('cversion', () => {
  it('is minus one for a fresh root with its one uncounted child', () => {
    expect(toClientCversion(0, 1)).toBe(-1)
    expect(fromClientCversion(-1, 1)).toBe(0)
  })

  it('gives the next sequence number from what a client sees', () => {
    // Seven creates, three deletes: four children, client cversion ten.
    expect(toClientCversion(7, 4)).toBe(10)
    expect(fromClientCversion(10, 4)).toBe(7)
  })
})
