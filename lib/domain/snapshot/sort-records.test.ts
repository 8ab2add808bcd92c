import { expect, test } from 'vitest'
import { ByteWriter } from '../../base/bytes.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { comparePaths } from '../znode/order.ts'
import { comparePathBytes, sortRecords } from './sort-records.ts'

const random = new SeededRandom(17)
const NAMES = ['a', 'b', 'ab', 'a-b', 'a b', 'a.b', '!', '~', 'n0000000001', 'n0000000002', 'x'.repeat(40), '0', '\x01']
const OTHERS = ['Ω', '日本', '日', 'é', '𝄞', '\uffef']

function randomPaths(count: number, names: readonly string[]): string[] {
  const paths = ['']
  while (paths.length < count) {
    const name = random.chance(0.4) ? `${random.pick(names)}${random.below(300)}` : random.pick(names)
    paths.push(`${random.pick(paths)}/${name}`)
  }
  return paths
}

/** Paths as they begin records, in random places, with other bytes between them. */
function place(paths: readonly string[]) {
  const writer = new ByteWriter()
  const starts = new Int32Array(paths.length + 5)
  for (const [i, path] of paths.entries()) {
    writer.raw(random.bytes(random.below(4)))
    starts[i] = writer.length
    writer.string(path)
  }
  return { bytes: writer.bytes(), starts }
}

const read = (bytes: Buffer, starts: Int32Array) =>
  Array.from(starts, (start) => bytes.toString('utf8', start + 4, start + 4 + bytes.readInt32BE(start)))
const sorted = (paths: readonly string[]) => paths.toSorted((a, b) => comparePaths(a || '/', b || '/'))

test.each([
  ['ASCII', NAMES, true],
  ['any text', [...NAMES, ...OTHERS], false],
] as const)('as paths are compared: %s, any size, and paths that come twice', (_, names, isAscii) => {
  for (const count of [1, 2, 3, 6, 7, 8, 50, 400, 3000]) {
    const paths = randomPaths(count, names)
    for (let i = 0; i < count / 50; i++) paths.push(random.pick(paths))
    const { bytes, starts } = place(paths)
    const found = read(bytes, sortRecords(bytes, starts, paths.length, isAscii))
    expect(found.join('\n') === sorted(paths).join('\n'), `seed ${random.seed}, ${count} paths`).toBe(true)
  }
})

test('many equal paths, and long ones that differ only in their ends', () => {
  const long = `/${'deep/'.repeat(60)}`
  for (const paths of [
    Array.from({ length: 40 }, () => '/same'),
    Array.from({ length: 500 }, (_, i) => `${long}${(i * 7919) % 500}`),
  ]) {
    const { bytes, starts } = place(paths)
    expect(read(bytes, sortRecords(bytes, starts, paths.length, true))).toEqual(sorted(paths))
  }
})

test('two paths as they lie compare as their texts do', () => {
  const paths = randomPaths(120, [...NAMES, ...OTHERS])
  for (const a of paths) {
    for (const b of paths) {
      const [x, y] = [Buffer.from(`.${a}`), Buffer.from(`..${b}!`)]
      const found = comparePathBytes(x, [1, x.length], y, [2, y.length - 1])
      expect(Math.sign(found) === Math.sign(comparePaths(a || '/', b || '/')), `${a} and ${b}`).toBe(true)
    }
  }
})
