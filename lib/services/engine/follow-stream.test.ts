import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { inspectPath } from '../../adapters/archive/inspect-path.ts'
import { createFollowDir } from '../../adapters/archive/live/follow-dir.ts'
import { createLiveTrees } from '../../adapters/archive/live/open-live-tree.ts'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { findCorpusSet, logsOf, parseExpected, toExpectedNodes } from '../../testing/corpus.ts'
import { create, encodeEntry } from '../../testing/log-builder.ts'
import { type SessionScript, scriptObserver } from '../../testing/scripted-stream.ts'
import { collectZnodes } from '../../testing/znode-builder.ts'
import type { FollowEvent, FollowInput } from './follow.ts'
import { followStream } from './follow-stream.ts'

const SET = findCorpusSet('3.8.0')
const FIRST = SET.snapshots[1]!
const LATER = SET.snapshots[3]!
const EXPECTED = parseExpected(readFileSync(SET.expected.at(-1)!, 'utf8'))

let root = ''
const history: TxnEntry[] = []
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'arkeeper-follow-'))
  for await (const batch of new HistoryReader(logsOf(SET), { after: FIRST.zxid, to: null }).readEntries()) {
    // As they come from a leader: each by itself.
    for (const { buffer, start, end } of batch)
      history.push(TxnEntry.fromBytes(Buffer.from(buffer.subarray(start, end))))
  }
})
afterAll(() => rm(root, { recursive: true, force: true }))

let made = 0
const newDir = () => join(root, `dir-${made++}`)
const between = (after: bigint, to: bigint) => history.filter(({ zxid }) => zxid > after && zxid <= to)
const portions = (entries: readonly TxnEntry[], size = 7) =>
  Array.from({ length: Math.ceil(entries.length / size) }, (_, i) => entries.slice(i * size, (i + 1) * size))
const snapshot = ({ file, zxid }: typeof FIRST) => ({ kind: 'snapshot', zxid, file }) as const
const diff = (zxid: bigint) => ({ kind: 'diff', zxid }) as const

interface Ran {
  readonly events: FollowEvent[]
  readonly written: bigint[]
  readonly asked: readonly bigint[]
  readonly outcome: Awaited<ReturnType<typeof followStream>> | { readonly error: unknown }
}

/** Runs until the script has nothing more: then nobody listens, which ends a follow that is to end by it. */
async function follow(
  dir: string,
  sessions: readonly (SessionScript | ObserverError)[],
  more: Partial<Pick<FollowInput, 'until' | 'limits' | 'retry' | 'onEvent'>> & { clock?: { now(): number } } = {},
): Promise<Ran> {
  const events: FollowEvent[] = []
  const written: bigint[] = []
  const observers = scriptObserver(sessions)
  const abort = new AbortController()
  let waits = 0
  const outcome = await followStream(
    {
      observers,
      liveTrees: createLiveTrees(),
      clock: more.clock ?? { now: () => 1000 },
      wait: async () => {
        // Nobody comes any more.
        if (observers.asked.length > sessions.length || waits++ > 1000) abort.abort()
        await turn()
      },
    },
    {
      target: { servers: [{ host: '127.0.0.1', port: 1 }] },
      sink: createFollowDir(dir),
      retry: 'always',
      onWritten: (entries) => written.push(...entries.map(({ zxid }) => zxid)),
      signal: abort.signal,
      ...more,
      onEvent: (event) => {
        events.push(event)
        more.onEvent?.(event)
      },
    },
  ).catch((error: unknown) => ({ error }))
  return { events, written, asked: observers.asked, outcome }
}

async function zxidsIn(dir: string): Promise<bigint[]> {
  const zxids: bigint[] = []
  const names = (await readdir(join(dir, 'version-2'))).filter((name) => name.startsWith('log.'))
  const inOrder = names.sort((a, b) => Number.parseInt(a.slice(4), 16) - Number.parseInt(b.slice(4), 16))
  for (const name of inOrder) {
    const bytes = await readFile(join(dir, 'version-2', name))
    const reader = new LogReader(
      (async function* () {
        yield bytes
      })(),
    )
    for await (const batch of reader.readEntries()) zxids.push(...batch.map(({ zxid }) => zxid))
    expect(reader.end).toEqual({ tear: null, offset: bytes.length })
  }
  return zxids
}

const basesIn = async (dir: string) =>
  (await readdir(join(dir, 'version-2'))).filter((name) => name.startsWith('snapshot.')).sort()

/** The tree as the directory tells it, and what proves it. */
async function read(dir: string, to?: bigint) {
  const tree = await createFileArchives().openDataDir(dir, { to })
  try {
    return {
      proof: tree.proof,
      nodes: toExpectedNodes(await collectZnodes(tree.readSubtree('/', { includeSystem: true }))),
    }
  } finally {
    await tree.close()
  }
}

const whole = (): SessionScript => ({
  start: snapshot(FIRST),
  before: portions(between(FIRST.zxid, 0x90n)),
  after: portions(between(0x90n, EXPECTED.zxid)),
})

async function copyOf(dir: string): Promise<string> {
  const copy = newDir()
  await cp(dir, copy, { recursive: true })
  await rm(join(copy, '.follow', 'lock'), { force: true })
  return copy
}

describe('a stream that is followed', () => {
  test('is kept as a data directory: a base, and every transaction behind it once', async () => {
    const dir = newDir()
    const { outcome, events, asked } = await follow(dir, [whole()], { until: EXPECTED.zxid })
    expect(outcome).toMatchObject({
      zxid: EXPECTED.zxid,
      gaps: 0,
      proof: { parted: null, suspected: null, conflicts: 0 },
    })
    expect(asked).toEqual([0n])
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'synced', 'base'])
    expect(await zxidsIn(dir)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
    const { proof, nodes } = await read(dir)
    expect(proof).toMatchObject({ zxid: EXPECTED.zxid, exact: true, problems: [] })
    expect(nodes).toEqual(EXPECTED.nodes)
    expect(await readdir(join(dir, '.follow'))).toEqual([])
  })

  test('goes on by DIFF where it was lost, at any transaction, with bases and memory freed on the way', async () => {
    const dir = newDir()
    const cuts = [0x90n, 0x91n, 0xa7n, 0x100n, 0x101n, 0x150n, EXPECTED.zxid]
    // How many bases there must be before a session goes on: each is written while the stream does.
    const wanted = [0, 1, 1, 1, 2, 2, 3]
    const seen: FollowEvent[] = []
    const sessions: SessionScript[] = cuts.map((to, i) => ({
      start: i === 0 ? snapshot(FIRST) : diff(to),
      live: async function* () {
        while (seen.filter(({ kind }) => kind === 'base').length < wanted[i]!) await turn()
        yield* portions(between(i === 0 ? FIRST.zxid : cuts[i - 1]!, to))
      },
    }))
    const limits = { heldBytes: 10_000, baseTransactions: 50, pendingBytes: 500 }
    const { asked, events, outcome } = await follow(dir, sessions, {
      until: EXPECTED.zxid,
      limits,
      onEvent: (event) => seen.push(event),
    })
    expect(asked).toEqual([0n, ...cuts.slice(0, -1)])
    expect(outcome).toMatchObject({ gaps: 0, proof: { parted: null, conflicts: 0, comparedZxid: EXPECTED.zxid } })
    expect(await zxidsIn(dir)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
    const bases = events.filter(({ kind }) => kind === 'base')
    expect(bases.length).toBeGreaterThanOrEqual(3)
    expect((await basesIn(dir)).length).toBe(bases.length)
    expect((await read(dir)).nodes).toEqual(EXPECTED.nodes)
    // Each base by itself is the tree at its zxid: the older ones lead to the same end.
    for (const base of (await basesIn(dir)).slice(1)) {
      await rm(join(dir, 'version-2', base))
      expect((await read(dir)).proof).toMatchObject({ zxid: EXPECTED.zxid, exact: true, problems: [] })
    }
  })

  test('has a new base once a day has passed since something was written behind the last one', async () => {
    const dir = newDir()
    let now = history[0]!.timeMs
    const clock = { now: () => now }
    const session: SessionScript = {
      start: snapshot(FIRST),
      before: [between(FIRST.zxid, 0x90n)],
      live: async function* () {
        while ((await basesIn(dir)).length < 1) await turn()
        yield between(0x90n, 0x91n)
        now += 23 * 3_600_000
        yield between(0x91n, 0x92n)
        now += 3_600_000
        for (; (await basesIn(dir)).length < 2; await turn()) yield []
        yield between(0x92n, 0x93n)
      },
    }
    // Each is applied before the clock goes on.
    await follow(dir, [session], { until: 0x93n, clock, limits: { pendingBytes: 1 } })
    expect(await basesIn(dir)).toHaveLength(2)
  })

  test('has a new base after a day in which nobody followed, of what lay there already', async () => {
    const dir = newDir()
    let now = history[0]!.timeMs
    const clock = { now: () => now }
    const first: SessionScript = {
      start: snapshot(FIRST),
      before: [between(FIRST.zxid, 0x90n)],
      after: [between(0x90n, 0x94n)],
    }
    await follow(dir, [first], { clock })
    expect(await basesIn(dir)).toHaveLength(1)
    const later: SessionScript = { start: diff(0x95n), before: [between(0x94n, 0x95n)] }
    const copy = await copyOf(dir)
    await follow(copy, [later], { until: 0x95n, clock })
    expect(await basesIn(copy)).toHaveLength(1)
    now += 48 * 3_600_000
    await follow(dir, [later], { until: 0x95n, clock })
    expect(await basesIn(dir)).toHaveLength(2)
  })

  test('waits before it tries again, longer each time, and ends by what no wait mends', async () => {
    const none = new ObserverError('NO_LEADER', 'nobody listens')
    // A member that gives up leading says the same; one that says it ten times means it.
    const closed = Array.from({ length: 10 }, () => new ObserverError('SASL_REQUIRED', 'the leader wants SASL'))
    const { events, outcome } = await follow(newDir(), [whole(), none, none, none, ...closed])
    const waits = events.flatMap((event) => (event.kind === 'lost' ? [event.retryInMs] : []))
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, ...Array.from({ length: 7 }, () => 10_000)])
    expect(outcome).toMatchObject({ error: { code: 'SASL_REQUIRED' } })
  })

  test.each(['NO_LEADER', 'REFUSED', 'LOST'] as const)('that begins amid an election waits: %s', async (code) => {
    const away = new ObserverError(code, 'not now')
    const { outcome, events } = await follow(newDir(), [away, away, whole()], {
      until: EXPECTED.zxid,
      retry: 'judged',
    })
    expect(outcome).toMatchObject({ zxid: EXPECTED.zxid, gaps: 0 })
    expect(events.slice(0, 3).map(({ kind }) => kind)).toEqual(['lost', 'lost', 'connected'])
  })

  test('that begins at a door that is shut, or where nobody ever answered, ends with what is wrong', async () => {
    const silent = new ObserverError('NO_LEADER', 'no such host', { details: { isSilent: true } })
    const dir = newDir()
    for (const wrong of [silent, ...(['SASL_REQUIRED', 'TLS_FAULT', 'PROTOCOL'] as const)]) {
      const error = typeof wrong === 'string' ? new ObserverError(wrong, 'as it is') : wrong
      const { outcome, asked } = await follow(dir, [error, whole()], { retry: 'judged' })
      expect({ outcome, asked }).toEqual({ outcome: { error }, asked: [0n] })
    }
    // Where it was heard before the addresses are right.
    await follow(dir, [whole()], { until: EXPECTED.zxid })
    const again = await follow(dir, [silent, { start: diff(EXPECTED.zxid) }], { retry: 'judged' })
    expect(again.events.slice(0, 2).map(({ kind }) => kind)).toEqual(['lost', 'connected'])
  })
})

describe('a disk that does not keep what it was given', () => {
  test('ends a stream though nothing more comes', async () => {
    const synced = Promise.withResolvers<void>()
    const flush = async () => {
      await synced.promise
      throw new Error('no space left on device')
    }
    const ended = followStream(
      {
        observers: scriptObserver([{ ...whole(), after: [], end: 'stays' }]),
        liveTrees: createLiveTrees(),
        clock: { now: () => 1000 },
        wait: () => turn(),
      },
      {
        target: { servers: [{ host: '127.0.0.1', port: 1 }] },
        sink: Object.assign(createFollowDir(newDir()), { flush }),
        retry: 'always',
        onEvent: ({ kind }) => kind === 'synced' && synced.resolve(),
      },
    )
    await expect(ended).rejects.toThrow('no space left on device')
  })
})

describe('a follow that was killed', () => {
  test('cuts the last entry wherever it was torn, and takes nothing twice', async () => {
    const dir = newDir()
    const killed = 0xf0n
    await follow(dir, [
      { start: snapshot(FIRST), before: [between(FIRST.zxid, 0x90n)], after: [between(0x90n, killed)] },
    ])
    const log = (await readdir(join(dir, 'version-2'))).find((name) => name.startsWith('log.'))!
    const { size } = await stat(join(dir, 'version-2', log))
    const last = between(killed - 1n, killed)[0]!
    const length = last.end - last.start + 13
    for (const cut of [0, 1, 12, 13, length - 1, length]) {
      const copy = await copyOf(dir)
      await truncate(join(copy, 'version-2', log), size - cut)
      const known = cut === 0 ? killed : killed - 1n
      const { asked, outcome } = await follow(
        copy,
        [{ start: diff(EXPECTED.zxid), before: portions(between(known, EXPECTED.zxid)) }],
        { until: EXPECTED.zxid },
      )
      expect(asked).toEqual([known])
      expect(outcome).toMatchObject({ gaps: 0, proof: { parted: null } })
      expect(await zxidsIn(copy)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
      expect((await read(copy)).nodes).toEqual(EXPECTED.nodes)
    }
  })

  test('before its first base begins anew, and what leads nowhere is laid aside', async () => {
    const dir = newDir()
    await follow(dir, [{ start: snapshot(FIRST), before: [between(FIRST.zxid, 0x90n)] }])
    const copy = await copyOf(dir)
    for (const base of await basesIn(copy)) await rm(join(copy, 'version-2', base))
    const { asked, outcome } = await follow(copy, [whole()], { until: EXPECTED.zxid })
    expect(asked).toEqual([0n])
    expect(outcome).toMatchObject({ gaps: 0 })
    expect((await read(copy)).nodes).toEqual(EXPECTED.nodes)
    expect((await readdir(copy)).filter((name) => name.startsWith('aside-'))).toHaveLength(1)
  })

  test('never writes beside another one, nor into a directory that is not its own', async () => {
    const dir = newDir()
    const sink = createFollowDir(dir)
    await sink.open()
    expect((await follow(dir, [whole()])).outcome).toMatchObject({ error: { code: 'IN_USE' } })
    await sink.close()
    const { outcome } = await follow(join(root, '..', root.split('/').at(-1)!), [whole()])
    expect(outcome).toMatchObject({ error: { code: 'UNSUPPORTED' } })
  })
})

describe('what the leader has not', () => {
  const lost = (): SessionScript[] => [
    { start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)] },
    { start: snapshot(LATER), before: portions(between(LATER.zxid, EXPECTED.zxid)) },
  ]

  test('is a gap on record; states on both sides of it can be made, and none inside', async () => {
    const dir = newDir()
    const { events, outcome, asked } = await follow(dir, lost(), { until: EXPECTED.zxid })
    expect(asked).toEqual([0n, 0xa0n])
    const gap = { from: 0xa1n, to: LATER.zxid, why: 'forgotten', isCertain: true }
    expect(events.filter(({ kind }) => kind === 'gap')).toEqual([{ kind: 'gap', ...gap, atMs: 1000 }])
    expect(outcome).toMatchObject({ gaps: 1, proof: { parted: null, conflicts: 0 } })
    expect(JSON.parse(await readFile(join(dir, 'gaps.jsonl'), 'utf8'))).toEqual({
      from: '0xa1',
      to: '0x100',
      why: 'forgotten',
      at: 1000,
    })
    expect((await read(dir)).nodes).toEqual(EXPECTED.nodes)
    expect((await read(dir, 0xa0n)).proof).toMatchObject({ zxid: 0xa0n, exact: true })
    await expect(read(dir, 0xb0n)).rejects.toMatchObject({ code: 'LOG_GAP' })
    // It stays on record.
    const again = await follow(dir, [{ start: diff(EXPECTED.zxid) }], { until: EXPECTED.zxid })
    expect(again.outcome).toMatchObject({ gaps: 1 })
  })

  // The number that an epoch begins with is no transaction, so that no number tells what the epoch before had last.
  const ELECTED = 1n << 32n
  const after = TxnEntry.fromBytes(Buffer.from(encodeEntry(create(ELECTED + 1n, { path: '/elected' }))))
  const elected = (entries: readonly TxnEntry[] = []): SessionScript => ({
    start: { kind: 'snapshot', zxid: ELECTED, file: LATER.file },
    before: [entries],
    after: [[after]],
  })
  const gapsIn = async (dir: string) =>
    (await readFile(join(dir, 'gaps.jsonl'), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))

  test('is nothing where a new leader sends the tree that we have, whether it is written to meanwhile or not', async () => {
    for (const window of [[], [after]]) {
      const dir = newDir()
      const until: SessionScript = { start: snapshot(FIRST), before: [between(FIRST.zxid, LATER.zxid)] }
      const { events, outcome } = await follow(dir, [until, elected(window)], { until: ELECTED + 1n })
      expect(events.filter(({ kind }) => kind === 'gap')).toEqual([])
      expect(outcome).toMatchObject({ zxid: ELECTED + 1n, gaps: 0, proof: { parted: null } })
      expect(await gapsIn(dir)).toEqual([])
    }
  })

  test('is a gap where the tree of a new leader is another', async () => {
    const dir = newDir()
    const until: SessionScript = { start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)] }
    const { events, outcome } = await follow(dir, [until, elected()], { until: ELECTED + 1n })
    const gap = { from: 0xa1n, to: ELECTED, why: 'forgotten', isCertain: true }
    expect(events.filter(({ kind }) => kind === 'gap')).toMatchObject([gap])
    expect(outcome).toMatchObject({ gaps: 1 })
    const line = { from: '0xa1', to: '0x100000000', why: 'forgotten', at: 1000 }
    expect(await gapsIn(dir)).toEqual([line])
    // No number is missing in the logs: whoever looks into the folder is told all the same.
    const gaps = [{ after: '0xa0', before: '0x100000001' }]
    expect(await inspectPath(dir)).toMatchObject({ gaps, missed: [line], problems: [{ code: 'LOG_GAP' }] })
    expect(await inspectPath(join(dir, 'version-2'))).toMatchObject({ gaps })
    // Killed before there was a base behind it: nothing is replayed across.
    const killed = await copyOf(dir)
    for (const base of (await basesIn(killed)).filter((name) => name.length > 'snapshot.100'.length)) {
      await rm(join(killed, 'version-2', base))
    }
    await expect(read(killed, ELECTED + 1n)).rejects.toMatchObject({ code: 'LOG_GAP' })
    expect((await read(killed, 0xa0n)).proof).toMatchObject({ zxid: 0xa0n, exact: true })
    const now = diff(ELECTED + 1n)
    const again = await follow(killed, [{ start: now }, elected([after]), { start: now }], { until: ELECTED + 2n })
    expect(again.events).toContainEqual(expect.objectContaining({ kind: 'renewed', behind: ELECTED + 1n }))
  })

  test('is a gap, too, where the tree of a new leader came in two tries: it is not held against itself', async () => {
    const dir = newDir()
    const until: SessionScript = { start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)] }
    const cut: SessionScript = { ...elected(), after: [], isCut: true }
    const { asked, events, outcome } = await follow(dir, [until, cut, elected()], { until: ELECTED + 1n })
    expect(asked).toEqual([0n, 0xa0n, ELECTED])
    expect(events.filter(({ kind }) => kind === 'gap')).toMatchObject([{ from: 0xa1n, to: ELECTED, isCertain: true }])
    expect(outcome).toMatchObject({ gaps: 1 })
    expect(await gapsIn(dir)).toMatchObject([{ from: '0xa1', to: '0x100000000' }])
  })

  test('is told apart from what was lost here, and from nobody having listened', async () => {
    const kept = newDir()
    const until: SessionScript = { start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)] }
    await follow(kept, [until])
    const away = await follow(await copyOf(kept), lost().slice(1), { until: EXPECTED.zxid })
    expect(away.events).toContainEqual(expect.objectContaining({ kind: 'gap', why: 'away', isCertain: true }))
    for (const base of await basesIn(kept)) await truncate(join(kept, 'version-2', base), 100)
    // Without a tree to compare with nobody knows.
    const torn = await copyOf(kept)
    const { asked, events } = await follow(torn, [elected()], { until: ELECTED + 1n })
    expect(asked).toEqual([0xa0n, 0n])
    expect(events).toContainEqual(expect.objectContaining({ kind: 'gap', why: 'lost-here', isCertain: false }))
    expect(await gapsIn(torn)).toMatchObject([{ from: '0xa1', why: 'lost-here', perhaps: true }])
    expect(await inspectPath(torn)).toMatchObject({
      gaps: [],
      missed: [{ from: '0xa1', to: '0x100000000', perhaps: true }],
    })
  })

  test('is asked for only where the log goes on: without a base here its tree is fetched, and no transaction is missed', async () => {
    const dir = newDir()
    await follow(dir, [{ start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)] }])
    for (const base of await basesIn(dir)) await truncate(join(dir, 'version-2', base), 100)
    const tree: SessionScript = { start: snapshot(LATER), before: [between(LATER.zxid, LATER.zxid + 5n)] }
    const goesOn = (after: bigint, to: bigint): SessionScript => ({
      start: diff(EXPECTED.zxid),
      before: portions(between(after, to)),
    })
    const { asked, events, outcome } = await follow(
      dir,
      [
        ...[goesOn(0xa0n, 0xb0n), tree, goesOn(0xa0n, 0xb0n)],
        // That leader did not know of all that its tree was of: once more.
        ...[goesOn(0xb0n, EXPECTED.zxid), tree, goesOn(0xb0n, EXPECTED.zxid)],
      ],
      { until: EXPECTED.zxid },
    )
    expect(asked).toEqual([0xa0n, 0n, 0xa0n, 0xb0n, 0n, 0xb0n])
    expect(events.filter(({ kind }) => kind === 'gap' || kind === 'renewed')).toEqual([
      { kind: 'renewed', behind: 0xa0n, zxid: LATER.zxid + 5n },
      { kind: 'renewed', behind: 0xb0n, zxid: LATER.zxid + 5n },
    ])
    expect(outcome).toMatchObject({ zxid: EXPECTED.zxid, gaps: 0, proof: { parted: null, conflicts: 0 } })
    expect(await zxidsIn(dir)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
    expect((await read(dir)).nodes).toEqual(EXPECTED.nodes)
  })

  test('is not asked of a member that lags behind the tree that was fetched, whatever came between the two', async () => {
    const dir = newDir()
    await follow(dir, [{ start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)] }])
    for (const base of await basesIn(dir)) await truncate(join(dir, 'version-2', base), 100)
    const tree: SessionScript = { start: snapshot(LATER), before: [between(LATER.zxid, LATER.zxid + 5n)] }
    const lags: SessionScript = { start: diff(0xb0n), before: [between(0xa0n, 0xb0n)] }
    const away = new ObserverError('NO_LEADER', 'nobody listens')
    const { asked, events } = await follow(dir, [{ start: diff(0xa0n) }, tree, away, lags])
    expect(asked.slice(0, 5)).toEqual([0xa0n, 0n, 0xa0n, 0xa0n, 0xb0n])
    expect(events.filter(({ kind }) => kind === 'base' || kind === 'synced')).toEqual([])
  })

  test('is taken back, laid aside, and the tree is made anew below it', async () => {
    const dir = newDir()
    const to = 0xc8n
    const { events, asked } = await follow(
      dir,
      [
        { start: snapshot(FIRST), before: [between(FIRST.zxid, 0xa0n)], after: [between(0xa0n, 0xe0n)] },
        { epoch: 1n, start: { kind: 'truncate', zxid: to }, before: portions(between(to, EXPECTED.zxid)) },
      ],
      { until: EXPECTED.zxid },
    )
    expect(asked).toEqual([0n, 0xe0n])
    expect(events.filter(({ kind }) => kind === 'rolled-back')).toEqual([{ kind: 'rolled-back', from: 0xe0n, to }])
    expect(await zxidsIn(dir)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
    expect((await read(dir)).nodes).toEqual(EXPECTED.nodes)
    const [aside] = (await readdir(dir)).filter((name) => name.startsWith('aside-'))
    const laid = await zxidsIn(join(dir, aside!))
    expect(laid.at(-1)).toBe(0xe0n)
  })

  test('is waited for where a member lags in the epoch that was heard; that it is lost is believed in the end', async () => {
    const dir = newDir()
    const heard: SessionScript = {
      start: snapshot(FIRST),
      before: [between(FIRST.zxid, 0xa0n)],
      after: [between(0xa0n, 0xe0n)],
    }
    const lags: SessionScript = { start: { kind: 'truncate', zxid: 0xc0n } }
    const goesOn: SessionScript = { start: diff(EXPECTED.zxid), before: portions(between(0xe0n, EXPECTED.zxid)) }
    const { events, asked } = await follow(dir, [heard, lags, lags, goesOn], { until: EXPECTED.zxid })
    expect(asked).toEqual([0n, 0xe0n, 0xe0n, 0xe0n])
    expect(events.filter(({ kind }) => kind === 'rolled-back')).toEqual([])
    expect(events.flatMap((event) => (event.kind === 'lost' ? [event.error] : []))).toMatchObject([
      { code: 'LOST' },
      { code: 'REFUSED', message: expect.stringContaining('is behind: it has nothing after 0xc0 yet') },
      { code: 'REFUSED' },
    ])
    expect(await zxidsIn(dir)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
    // Restored from a backup with the epoch that it had.
    const taken = await follow(
      dir,
      Array.from({ length: 7 }, () => lags),
    )
    expect(taken.events.filter(({ kind }) => kind === 'rolled-back')).toEqual([
      { kind: 'rolled-back', from: EXPECTED.zxid, to: 0xc0n },
    ])
    expect(taken.asked.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => EXPECTED.zxid))
  })

  test('is nothing at all where nothing was ever written', async () => {
    const { events } = await follow(newDir(), [{ start: diff(0n) }, whole()], { until: EXPECTED.zxid })
    expect(events.find(({ kind }) => kind === 'lost')).toMatchObject({
      error: { code: 'REFUSED', message: expect.stringContaining('nothing was ever written') },
    })
  })

  test('takes with it what was missed of it', async () => {
    const dir = newDir()
    const back: SessionScript[] = [
      ...lost(),
      { epoch: 1n, start: { kind: 'truncate', zxid: 0xa0n }, before: portions(between(0xa0n, EXPECTED.zxid)) },
    ]
    const { events, outcome } = await follow(dir, back, { until: EXPECTED.zxid + 1n })
    expect(events.map(({ kind }) => kind)).toContain('rolled-back')
    expect(outcome).toMatchObject({ error: { code: 'CANCELLED' } })
    expect(await gapsIn(dir)).toEqual([])
    const [aside] = (await readdir(dir)).filter((name) => name.startsWith('aside-'))
    expect(await gapsIn(join(dir, aside!))).toMatchObject([{ from: '0xa1' }])
  })

  test('below every base is asked for anew, as is the whole of another past', async () => {
    const dir = newDir()
    const all = [{ ...whole(), after: [between(0x90n, 0xd0n)] }]
    await follow(dir, all)
    const below: SessionScript[] = [{ epoch: 1n, start: { kind: 'truncate', zxid: 0x60n } }, whole()]
    const taken = await follow(dir, below, { until: EXPECTED.zxid })
    expect(taken.asked).toEqual([0xd0n, 0n])
    expect((await read(dir)).nodes).toEqual(EXPECTED.nodes)
    // A restored ensemble: its newest is older than what we hold.
    const restored: SessionScript[] = [
      { epoch: 1n, start: snapshot(FIRST), before: [between(FIRST.zxid, 0x90n)], after: [between(0x90n, 0xd0n)] },
    ]
    const { events } = await follow(dir, restored)
    expect(events.filter(({ kind }) => kind === 'rolled-back')).toEqual([
      { kind: 'rolled-back', from: EXPECTED.zxid, to: null },
    ])
    expect(await zxidsIn(dir)).toEqual(between(0x90n, 0xd0n).map(({ zxid }) => zxid))
    expect((await read(dir)).proof).toMatchObject({ zxid: 0xd0n, exact: true, problems: [] })
  })
})

describe('a digest that parts', () => {
  /** As a server would send it whose tree, or whose line, is not what its transactions come to. */
  const bent = (entry: TxnEntry): TxnEntry => {
    const bytes = Buffer.from(entry.buffer.subarray(entry.start, entry.end))
    bytes[bytes.length - 1]! ^= 1
    return TxnEntry.fromBytes(bytes)
  }
  /** Errors have none. */
  const withDigest = () => between(0xa0n, 0xd0n).filter(({ type }) => type !== -1)

  test('is told with both digests, and the stream goes on being written', async () => {
    const dir = newDir()
    const since = withDigest()[0]!.zxid
    const after = history.map((entry) => (entry.zxid >= since && entry.type !== -1 ? bent(entry) : entry))
    const { events, outcome } = await follow(
      dir,
      [{ ...whole(), after: [after.filter(({ zxid }) => zxid > 0x90n && zxid <= EXPECTED.zxid)] }],
      { until: EXPECTED.zxid, limits: { baseTransactions: 10 } },
    )
    const parted = events.filter((event) => event.kind === 'digest-parted')
    expect(parted).toMatchObject([{ zxid: since }])
    expect(parted[0]!.expected ^ parted[0]!.found).toBe(1n)
    expect(outcome).toMatchObject({ zxid: EXPECTED.zxid, proof: { parted: { zxid: since } } })
    expect(await zxidsIn(dir)).toEqual(between(FIRST.zxid, EXPECTED.zxid).map(({ zxid }) => zxid))
    // No base is kept of what is not proven: the older one leads there with the logs.
    expect(await basesIn(dir)).toEqual(['snapshot.90'])
  })

  test('for one transaction alone is counted, and is no parting', async () => {
    const odd = withDigest()[3]!.zxid
    const after = history.map((entry) => (entry.zxid === odd ? bent(entry) : entry))
    const { events, outcome } = await follow(
      newDir(),
      [
        {
          ...whole(),
          after: portions(
            after.filter(({ zxid }) => zxid > 0x90n && zxid <= EXPECTED.zxid),
            1,
          ),
        },
      ],
      { until: EXPECTED.zxid },
    )
    expect(events.map(({ kind }) => kind)).not.toContain('digest-parted')
    expect(outcome).toMatchObject({ proof: { parted: null, suspected: null, odd: 1 } })
  })
})
