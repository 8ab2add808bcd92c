import { SeededRandom } from '../../lib/testing/seeded-random.ts'

export interface Mutation {
  readonly what: string
  readonly bytes: Buffer
}

type Mutate = (random: SeededRandom, bytes: Buffer, other: Buffer) => Mutation | null

const LENGTHS = [-1, -2, 0, 1, 0x7fffffff, -0x80000000, 0x10000000, 0x00ffffff, 256 << 20, (256 << 20) + 1]
const TEXTS = ['ZKSN', 'ZKLG', '\x1f\x8b\x08', '\x82SNAPPY\x00', '/', '//', 'null', '"', '}', '-1', '9e99']
const MASKS = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff]

/** A place anywhere, or (as often) near either end, where headers, tables, seals and trailers lie. */
function place(random: SeededRandom, length: number): number {
  const near = Math.min(length, 64)
  const dice = random.below(4)
  return dice === 0 ? random.below(near) : dice === 1 ? length - 1 - random.below(near) : random.below(length)
}

function range(random: SeededRandom, length: number): [from: number, to: number] {
  const from = place(random, length)
  return [from, Math.min(length, from + 1 + random.below(random.chance(0.5) ? 16 : length))]
}

const changed = (bytes: Buffer, edit: (copy: Buffer) => void) => {
  const copy = Buffer.from(bytes)
  edit(copy)
  return copy
}

const MUTATIONS: readonly Mutate[] = [
  function truncate(random, bytes) {
    const length = place(random, bytes.length)
    return { what: `cut to ${length} bytes`, bytes: bytes.subarray(0, length) }
  },
  function flip(random, bytes) {
    const times = random.chance(0.7) ? 1 : 1 + random.below(8)
    const flips = Array.from({ length: times }, () => [place(random, bytes.length), random.pick(MASKS)] as const)
    const copy = changed(bytes, (at) => {
      for (const [offset, mask] of flips) at[offset]! ^= mask
    })
    return { what: flips.map(([offset, mask]) => `byte ${offset} xor ${mask}`).join(', '), bytes: copy }
  },
  function setLength(random, bytes) {
    if (bytes.length < 4) return null
    const at = Math.min(place(random, bytes.length), bytes.length - 4)
    const value = random.pick(LENGTHS)
    return { what: `int at ${at} set to ${value}`, bytes: changed(bytes, (copy) => copy.writeInt32BE(value, at)) }
  },
  function overwrite(random, bytes) {
    const at = place(random, bytes.length)
    const text = random.chance(0.5) ? Buffer.from(random.pick(TEXTS), 'latin1') : random.bytes(1 + random.below(16))
    return { what: `${text.toString('hex')} at ${at}`, bytes: changed(bytes, (copy) => text.copy(copy, at)) }
  },
  function clear(random, bytes) {
    const [from, to] = range(random, bytes.length)
    return { what: `${from}-${to} zeroed`, bytes: changed(bytes, (copy) => copy.fill(0, from, to)) }
  },
  function remove(random, bytes) {
    const [from, to] = range(random, bytes.length)
    return { what: `${from}-${to} removed`, bytes: Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]) }
  },
  function repeat(random, bytes) {
    const [from, to] = range(random, bytes.length)
    return { what: `${from}-${to} twice`, bytes: Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]) }
  },
  function insert(random, bytes) {
    const at = place(random, bytes.length)
    const more = random.bytes(1 + random.below(64))
    const what = `${more.length} random bytes at ${at}`
    return { what, bytes: Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]) }
  },
  function append(random, bytes) {
    const more = random.chance(0.5) ? random.bytes(1 + random.below(64)) : Buffer.alloc(1 + random.below(64))
    return { what: `${more.length} bytes behind the end`, bytes: Buffer.concat([bytes, more]) }
  },
  function splice(random, bytes, other) {
    const from = place(random, bytes.length)
    const to = random.chance(0.5) ? from : place(random, other.length)
    const what = `the first ${from} bytes, then another file from ${to}`
    return { what, bytes: Buffer.concat([bytes.subarray(0, from), other.subarray(Math.min(to, other.length))]) }
  },
  function overlay(random, bytes, other) {
    const [from, to] = range(random, Math.min(bytes.length, other.length))
    const copy = changed(bytes, (at) => other.copy(at, from, from, to))
    return { what: `${from}-${to} from another file`, bytes: copy }
  },
]

/** One to three mutations of the file, told by the random numbers alone; never the file itself. */
export function mutate(random: SeededRandom, bytes: Buffer, other: Buffer): Mutation {
  for (;;) {
    let mutation: Mutation = { what: '', bytes }
    const rounds = random.chance(0.8) ? 1 : 2 + random.below(2)
    for (let round = 0; round < rounds && mutation.bytes.length > 0; round++) {
      const next: Mutation | null = random.pick(MUTATIONS)(random, mutation.bytes, other)
      if (next) mutation = { what: mutation.what ? `${mutation.what}; ${next.what}` : next.what, bytes: next.bytes }
    }
    if (!mutation.bytes.equals(bytes)) return mutation
  }
}

/** Every cut and every byte with each of three masks: for the small files, where all can be tried. */
export function* mutateEverywhere(bytes: Buffer): Generator<Mutation> {
  for (let length = 0; length < bytes.length; length++) {
    yield { what: `cut to ${length} bytes`, bytes: bytes.subarray(0, length) }
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const copy = Buffer.from(bytes)
      copy[at]! ^= mask
      yield { what: `byte ${at} xor ${mask}`, bytes: copy }
    }
  }
}

/** A number of its own for each case, from which the case can be made again without those before it. */
export function randomOfCase(seed: number, target: string, number: number): SeededRandom {
  let state = seed | 0
  for (const unit of `${target} ${number}`) state = Math.imul(state ^ unit.charCodeAt(0), 0x01000193)
  const random = new SeededRandom(state >>> 0)
  random.next()
  return random
}
