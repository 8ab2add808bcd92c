import { expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { randomTree } from '../../testing/znode-builder.ts'
import { comparePaths } from '../znode/order.ts'
import { PathOrder } from './path-order.ts'
import { RecordOrder } from './record-order.ts'
import { SequenceCounters } from './sequence-counters.ts'

interface Step {
  readonly path: string
  readonly counter: number
  readonly startsBlock: boolean
}

/** The fault of the first step that has one, else what was told on the way. */
function judge(enter: (step: Step) => void, steps: readonly Step[], told: () => unknown): unknown {
  for (const [i, step] of steps.entries()) {
    try {
      enter(step)
    } catch (error) {
      return [i, (error as { code?: string }).code, (error as Error).message.slice(0, 20)]
    }
  }
  return told()
}

function slowly(steps: readonly Step[]): unknown {
  const closed: unknown[] = []
  const order = new PathOrder((path, children) => closed.push([path, children]))
  const counters = new SequenceCounters({ listedMax: 1000 })
  const enter = ({ path, counter, startsBlock }: Step) => {
    if (startsBlock) order.keepOpen(path)
    order.enter(path)
    counters.see({ path, stat: { cversion: counter } as never })
  }
  return judge(enter, steps, () => {
    order.finish()
    return [closed, counters.finish()]
  })
}

function asRecords(steps: readonly Step[], encode: (path: string) => Buffer = Buffer.from): unknown {
  const closed: unknown[] = []
  const counters = new SequenceCounters({ listedMax: 1000 })
  const order = new RecordOrder({
    onClose: (path, children) => closed.push([path, children]),
    onCounter: (path, next) => counters.list({ path, next }),
  })
  const enter = ({ path, counter, startsBlock }: Step) => {
    const bytes = Buffer.concat([Buffer.from('..'), encode(path === '/' ? '' : path), Buffer.from('!')])
    order.enter({ bytes, base: 0, pathStart: 2, pathEnd: bytes.length - 1 }, startsBlock, counter)
  }
  return judge(enter, steps, () => {
    order.finish()
    return [closed, counters.finish()]
  })
}

const NAMES = [
  'a',
  'b',
  'a-b',
  'a!',
  'a0',
  'é',
  'éa',
  'ê',
  '日',
  '日本',
  '\uffef',
  'q-0000000007',
  '0000000001',
  '𝄞',
  '𝄞a',
]

function randomPaths(random: SeededRandom): string[] {
  const paths = new Set(['/'])
  for (let i = 0; i < 40; i++) {
    const parent = random.pick([...paths])
    paths.add(`${parent === '/' ? '' : parent}/${random.pick(NAMES)}${random.chance(0.3) ? random.pick(NAMES) : ''}`)
  }
  return [...paths].sort(comparePaths)
}

test('judges and tells as the order of texts does: sorted trees, and trees with something exchanged, doubled or left out', () => {
  const random = new SeededRandom(11)
  let faults = 0
  for (let round = 0; round < 400; round++) {
    const paths = round % 4 === 0 ? randomTree(random, { size: 60 }).map((znode) => znode.path) : randomPaths(random)
    if (round % 2 === 1) {
      const at = random.below(paths.length)
      const kind = random.below(5)
      if (kind === 0) paths.splice(at, 1)
      else if (kind === 1) paths.splice(at, 0, random.pick(paths))
      else if (kind === 2) paths.splice(at, 2, ...paths.slice(at, at + 2).reverse())
      else if (kind === 3) paths.splice(at, 0, `${random.pick(paths)}/${random.pick(NAMES)}`.replace('//', '/'))
      else paths.push('/')
    }
    const steps = paths.map((path) => ({
      path,
      counter: random.chance(0.5) ? 0 : random.below(5) - 1,
      startsBlock: random.chance(0.2),
    }))
    const expected = slowly(steps)
    if (typeof (expected as unknown[])[0] === 'number') faults++
    expect(asRecords(steps), `seed ${random.seed}, round ${round}`).toEqual(expected)
  }
  expect(faults).toBeGreaterThan(50)
})

test('deep trees and long names', () => {
  const deep = Array.from({ length: 300 }, (_, i) => '/x'.repeat(i) || '/')
  const long = ['/', `/${'n'.repeat(3000)}`, `/${'n'.repeat(3000)}/c`, `/${'n'.repeat(2999)}o`]
  for (const paths of [deep, long]) {
    const steps = paths.map((path) => ({ path, counter: 3, startsBlock: path.length % 7 === 0 }))
    expect(asRecords(steps)).toEqual(slowly(steps))
  }
})

test('surrogates that a Java writer stored one by one have the place of the character they mean', () => {
  const cesu = (path: string) =>
    Buffer.concat(
      Array.from({ length: path.length }, (_, i) => {
        const unit = path.charCodeAt(i)
        if (unit < 0xd800 || unit > 0xdfff) return Buffer.from(path[i]!)
        return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)])
      }),
    )
  const steps = ['/', '/𝄞', '/𝄞/a', '/𝄞b', '/\uffef'].map((path) => ({ path, counter: 1, startsBlock: false }))
  expect(asRecords(steps, cesu)).toEqual(slowly(steps))
  const wrong = [...steps.slice(0, 1), ...steps.slice(4), ...steps.slice(1, 4)]
  expect(asRecords(wrong, cesu)).toEqual(slowly(wrong))
})

test.each(['a', '/a//b', '/a/', '//'])('%j is no path', (path) => {
  const steps = ['/', '/a', path].map((each) => ({ path: each, counter: 0, startsBlock: false }))
  expect(asRecords(steps)).toEqual([2, 'BAD_PATH', expect.anything()])
})
