import { describe, expect, it } from 'vitest'
import { MemoryJournal } from '../../testing/memory-journal.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { IndexRanges } from './internal/index-ranges.ts'
import { JournalWriter, parseJournal } from './journal.ts'

const clock = { now: () => 5 }

async function sample(): Promise<{ sink: MemoryJournal; writer: JournalWriter }> {
  const sink = new MemoryJournal()
  const writer = new JournalWriter(sink, clock, 'w1')
  await writer.begin({ run: 'r', plan: 'sha256:00', steps: 30, onConflict: 'skip' })
  await writer.intent({ batch: 0, from: 0, to: 10, zxid: 7n })
  await writer.intent({ batch: 1, from: 10, to: 20, zxid: 7n })
  await writer.outcome(
    {
      batch: 0,
      applied: [
        {
          zxid: 0x1_0000_0009n,
          ranges: [
            [0, 5],
            [6, 8],
          ],
        },
      ],
      already: [[8, 9]],
      skipped: [[5, 6]],
      conflicts: [
        { index: 5, path: '/a', reason: 'version', resolution: 'skipped' },
        { index: 9, path: '/b', reason: 'exists', resolution: 'stopped' },
      ],
      rewritten: [{ index: 1, czxid: 3n, version: 4, aversion: 5 }],
    },
    { durable: true },
  )
  await writer.note('a note')
  return { sink, writer }
}

describe('journal', () => {
  it('tells settled, doubtful and untouched steps apart', async () => {
    const state = parseJournal((await sample()).sink.text())!
    expect(state.header).toEqual({ run: 'r', plan: 'sha256:00', steps: 30, onConflict: 'skip', atMs: 5 })
    expect(state.totals()).toEqual({ applied: 7, alreadyDone: 1, skipped: 1 })
    expect(state.settled.list()).toEqual([[0, 9]])
    expect(state.doubtful.list()).toEqual([[10, 20]])
    expect(state.conflicts.map(({ path }) => path)).toEqual(['/a'])
    expect(state.findApplied(7)).toEqual({ zxid: 0x1_0000_0009n })
    expect(state.findApplied(5)).toBeNull()
    expect(state.rewritten.get(1)).toEqual({ index: 1, czxid: 3n, version: 4, aversion: 5 })
    expect(state).toMatchObject({ nextBatch: 2, result: null })
  })

  it('does not doubt what a later batch has settled', async () => {
    const { sink, writer } = await sample()
    const nothing = { already: [], skipped: [], conflicts: [], rewritten: [] }
    await writer.outcome({ batch: 2, applied: [{ zxid: null, ranges: [[10, 15]] }], ...nothing }, { durable: true })
    expect(parseJournal(sink.text())?.doubtful.list()).toEqual([[15, 20]])
  })

  it('knows how a run ended until it goes on', async () => {
    const { sink, writer } = await sample()
    await writer.finish('stopped', { applied: 7, alreadyDone: 1, skipped: 1, conflicts: 2 })
    expect(parseJournal(sink.text())?.result).toBe('stopped')
    await writer.resume({ run: 'r', onConflict: 'stop' })
    expect(parseJournal(sink.text())?.result).toBeNull()
  })

  it('holds no run before its first whole line', () => {
    expect(parseJournal('')).toBeNull()
    expect(parseJournal('{"kind":"run","form')).toBeNull()
  })

  it('is cut at any byte without being misread', async () => {
    const text = (await sample()).sink.text()
    for (let length = 0; length <= text.length; length++) {
      const whole = parseJournal(text.slice(0, text.lastIndexOf('\n', length - 1) + 1))
      const cut = parseJournal(text.slice(0, length))
      // The last line may be complete but for its line break: it counts then.
      if (cut && whole && cut.totals().applied === whole.totals().applied) {
        expect(cut.settled.list()).toEqual(whole.settled.list())
      }
    }
  })

  it('drops a torn line that a resumed run has put an end to', async () => {
    const { sink } = await sample()
    sink.dieAt = { append: sink.appendCount + 1, kept: 'torn' }
    const dying = new JournalWriter(sink, clock, 'w1')
    await expect(dying.intent({ batch: 2, from: 20, to: 30, zxid: 7n })).rejects.toThrow('died')
    const next = sink.reopen()
    await new JournalWriter(next, clock, 'w2').resume({ run: 'r', onConflict: 'stop' })
    expect(parseJournal(next.text())?.doubtful.list()).toEqual([[10, 20]])
  })

  it('keeps the batches of two processes apart that are at it at the same time', async () => {
    const { sink, writer: stale } = await sample()
    const next = new JournalWriter(sink, clock, 'w2')
    const nothing = { already: [], skipped: [], conflicts: [], rewritten: [] }
    await next.resume({ run: 'r', onConflict: 'skip' })
    await next.intent({ batch: 2, from: 20, to: 25, zxid: 7n })
    await stale.intent({ batch: 2, from: 25, to: 30, zxid: 7n })
    await stale.outcome({ batch: 2, applied: [{ zxid: 9n, ranges: [[25, 30]] }], ...nothing }, { durable: true })
    const state = parseJournal(sink.text())!
    expect(state.doubtful.list()).toEqual([[10, 25]])
    expect(state.findApplied(27)).toEqual({ zxid: 9n })
  })

  it('counts a step once that two processes have settled, and knows it as written', async () => {
    const { sink, writer: stale } = await sample()
    const next = new JournalWriter(sink, clock, 'w2')
    const nothing = { already: [], skipped: [], conflicts: [], rewritten: [] }
    await next.outcome({ batch: 2, applied: [], ...nothing, already: [[10, 20]] }, { durable: true })
    await stale.outcome({ batch: 1, applied: [{ zxid: 9n, ranges: [[12, 20]] }], ...nothing }, { durable: true })
    await next.outcome({ batch: 3, applied: [{ zxid: null, ranges: [[11, 14]] }], ...nothing }, { durable: true })
    const state = parseJournal(sink.text())!
    expect(state.totals()).toEqual({ applied: 7 + 9, alreadyDone: 1 + 1, skipped: 1 })
    expect(state.findApplied(11)).toEqual({ zxid: null })
    expect(state.findApplied(13)).toEqual({ zxid: 9n })
    expect(state.findApplied(19)).toEqual({ zxid: 9n })
  })

  it('is read where two processes began at once, and refused where they began different plans', async () => {
    const { sink } = await sample()
    const late = new JournalWriter(sink, clock, 'w2')
    await late.begin({ run: 'r', plan: 'sha256:00', steps: 30, onConflict: 'skip' })
    expect(parseJournal(sink.text())?.settled.list()).toEqual([[0, 9]])
    await late.begin({ run: 'r', plan: 'sha256:01', steps: 30, onConflict: 'skip' })
    expect(() => parseJournal(sink.text())).toThrow(expect.objectContaining({ code: 'BAD_JOURNAL' }))
  })

  it.each([
    ['a broken line in the middle', (lines: string[]) => lines.with(1, lines[1]!.slice(3))],
    ['an unknown kind', (lines: string[]) => lines.with(1, '{"kind":"other"}')],
    ['another format', (lines: string[]) => lines.with(0, lines[0]!.replace('"format":1', '"format":2'))],
    [
      'an outcome without ranges',
      (lines: string[]) => lines.with(3, '{"kind":"outcome","batch":0,"applied":[{}],"conflicts":[],"rewritten":[]}'),
    ],
    ['an unknown reason', (lines: string[]) => lines.with(3, lines[3]!.replace('"version"', '"because"'))],
  ])('refuses %s', async (_name, damage) => {
    const lines = (await sample()).sink.text().trim().split('\n')
    expect(() => parseJournal(damage(lines).join('\n'))).toThrow(expect.objectContaining({ code: 'BAD_JOURNAL' }))
  })
})

describe('IndexRanges', () => {
  it('agrees with a plain set', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = new SeededRandom(seed)
      const ranges = new IndexRanges()
      const plain = new Set<number>()
      for (let i = 0; i < 30; i++) {
        const from = random.below(60)
        const to = from + random.below(6)
        ranges.add(from, to)
        for (let index = from; index < to; index++) plain.add(index)
      }
      const [from, to] = [random.below(40), 40 + random.below(30)]
      const inGaps = ranges
        .gapsIn(from, to)
        .flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i))
      expect(inGaps).toEqual(Array.from({ length: to - from }, (_, i) => from + i).filter((index) => !plain.has(index)))
      for (let index = 0; index < 70; index++) {
        expect({ seed, index, has: ranges.has(index) }).toEqual({ seed, index, has: plain.has(index) })
      }
      expect(ranges.count()).toBe(plain.size)
      const list = ranges.list()
      for (let i = 1; i < list.length; i++) expect(list[i]![0]).toBeGreaterThan(list[i - 1]![1])
    }
  })
})
