import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { planPurge, zxidOf } from './autopurge.ts'
import { parseServerFile, type ServerFile } from './server-file.ts'
import { looksValid, probeOf } from './valid-looking.ts'

const file = (name: string): ServerFile => {
  const parsed = parseServerFile(name)
  if (parsed === null) throw new Error(`${name} is no file of a server`)
  return parsed
}
const plan = (
  snapshots: readonly string[],
  logs: readonly string[],
  options: { invalid?: string[]; keep?: number } = {},
) =>
  planPurge({
    snapshots: snapshots.map((name) => ({ file: file(name), isValid: !options.invalid?.includes(name) })),
    logs: logs.map(file),
    snapRetainCount: options.keep ?? 3,
  })
const purged = (result: ReturnType<typeof plan>) =>
  [...result.fates].filter(([, fate]) => fate === 'purged').map(([name]) => name)

describe('the name of a file', () => {
  it.each([
    ['snapshot.1a', { kind: 'snapshot', zxid: 0x1an, packing: 'none', isParked: false }],
    ['snapshot.0', { kind: 'snapshot', zxid: 0n, packing: 'none', isParked: false }],
    ['snapshot.1a.gz', { kind: 'snapshot', zxid: 0x1an, packing: 'gz', isParked: false }],
    ['snapshot.1A.SNAPPY', { kind: 'snapshot', zxid: 0x1an, packing: 'snappy', isParked: false }],
    ['snapshot.153.bak', { kind: 'snapshot', zxid: 0x153n, packing: 'none', isParked: true }],
    ['log.155.old', { kind: 'log', zxid: 0x155n, packing: 'none', isParked: true }],
    ['log.100000001', { kind: 'log', zxid: 0x100000001n, packing: 'none', isParked: false }],
    ['log.old', { kind: 'log', zxid: null, packing: 'none', isParked: true }],
    ['log.', { kind: 'log', zxid: null, packing: 'none', isParked: true }],
    ['snapshot.ffffffffffffffff', { kind: 'snapshot', zxid: null, packing: 'none', isParked: true }],
  ])('%s is read as the server reads it', (name, expected) => {
    expect(parseServerFile(name)).toEqual({ name, ...expected })
  })

  it.each(['snapshot', 'acceptedEpoch', 'currentEpoch', 'xsnapshot.1', 'zoo.cfg', 'logs.1', ''])(
    '%s is none of a server',
    (name) => expect(parseServerFile(name)).toBeNull(),
  )
})

describe('a snapshot that looks valid', () => {
  const tail = Uint8Array.of(0, 0, 0, 1, 0x2f)
  it.each([
    ['none', 10, tail, true],
    ['none', 9, tail, false],
    ['none', 500, Uint8Array.of(0, 0, 0, 1, 0x2e), false],
    ['none', 500, Uint8Array.of(1, 0x2f), false],
    ['gz', 2, Uint8Array.of(0x1f, 0x8b), true],
    ['gz', 500, Uint8Array.of(0x1f, 0x8c), false],
    ['snappy', 500, Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0), true],
    ['snappy', 4, Uint8Array.of(0x82, 0x53, 0x4e, 0x41), false],
  ] as const)('%s of %d bytes with %o: %s', (packing, size, probe, expected) => {
    expect(looksValid(packing, size, probe)).toBe(expected)
    if (expected) expect(probeOf(packing).bytes).toBe(probe.length)
  })
})

describe('a purge', () => {
  const logs = ['log.1', 'log.58', 'log.c1', 'log.101', 'log.155']
  const snapshots = ['snapshot.0', 'snapshot.56', 'snapshot.bf', 'snapshot.100', 'snapshot.153']

  it('keeps the newest snapshots, and the log in front of the oldest of them', () => {
    const result = plan(snapshots, logs)
    expect(result.oldestKept).toBe(0xbfn)
    expect(purged(result)).toEqual(['snapshot.0', 'snapshot.56', 'log.1'])
    expect(result.fates.get('log.58')).toBe('kept')
  })

  it('never keeps fewer than three', () => {
    expect(plan(snapshots, logs, { keep: 1 })).toEqual(plan(snapshots, logs, { keep: 3 }))
    expect(purged(plan(snapshots, logs, { keep: 5 }))).toEqual([])
  })

  it('does not count a snapshot that does not look valid, and does not delete it while it is new', () => {
    const result = plan(snapshots, logs, { invalid: ['snapshot.153', 'snapshot.0'] })
    expect(result.oldestKept).toBe(0x56n)
    expect(result.fates.get('snapshot.153')).toBe('uncounted')
    expect(purged(result)).toEqual(['snapshot.0'])
  })

  it('deletes nothing where no snapshot looks valid', () => {
    const result = plan(snapshots, logs, { invalid: snapshots })
    expect(result.oldestKept).toBeNull()
    expect(purged(result)).toEqual([])
  })

  it('counts parked copies as what they are named after, and deletes those without a zxid', () => {
    const result = plan([...snapshots, 'snapshot.153.bak', 'snapshot.old'], [...logs, 'log.old', 'log.1.old'])
    expect(result.oldestKept).toBe(0x100n)
    expect(purged(result).sort()).toEqual(
      ['log.1', 'log.1.old', 'log.58', 'log.old', 'snapshot.0', 'snapshot.56', 'snapshot.bf', 'snapshot.old'].sort(),
    )
  })

  it('leaves whatever it keeps alone when it is run again, and leaves enough to replay from each snapshot that counts', () => {
    const seed = Date.now() % 100_000
    const random = new SeededRandom(seed)
    for (let round = 0; round < 300; round++) {
      const some = (kind: string, max: number) => [
        ...new Set(Array.from({ length: random.below(max) }, () => `${kind}.${random.below(200).toString(16)}`)),
      ]
      const [have, written] = [some('snapshot', 12), some('log', 12)]
      const invalid = have.filter(() => random.below(4) === 0)
      const keep = 3 + random.below(3)
      const first = plan(have, written, { invalid, keep })
      const left = (names: string[]) => names.filter((name) => first.fates.get(name) !== 'purged')
      const second = plan(left(have), left(written), { invalid, keep })
      expect(purged(second), `seed ${seed}`).toEqual([])
      const valid = left(have).filter((name) => !invalid.includes(name))
      expect(valid.length, `seed ${seed}`).toBe(Math.min(keep, have.length - invalid.length))
      for (const name of valid) {
        // The largest log at or before the snapshot, and all later ones, are still there.
        const zxid = zxidOf(file(name))
        const needed = written.filter((log) => zxidOf(file(log)) >= zxid)
        const before = written
          .filter((log) => zxidOf(file(log)) <= zxid)
          .sort((a, b) => (zxidOf(file(a)) < zxidOf(file(b)) ? 1 : -1))
        for (const log of [...needed, ...before.slice(0, 1)]) expect(left(written), `seed ${seed}`).toContain(log)
      }
    }
  })
})
