import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createFileArchives } from '../../lib/adapters/archive/file-archives.ts'
import { formatHex64, parseHex64 } from '../../lib/base/hex64.ts'
import { findGap } from '../../lib/domain/txnlog/continuity.ts'
import { HistoryReader } from '../../lib/domain/txnlog/read-history.ts'
import { TXN_TYPE } from '../../lib/domain/txnlog/txn.ts'
import { startZooKeeper } from '../../lib/testing/zookeeper-server.ts'
import { readBare } from '../chaos/bare-reader.ts'
import { askCommand } from './follower.ts'
import type { Members } from './members.ts'
import { describeDifference, findParted, isCompared, leaderOf, type MemberRead } from './read-members.ts'

export interface Proof {
  readonly transactions: number
  readonly epochs: number
  readonly lost: number
  readonly twice: number
  readonly gaps: number
  readonly znodes: number
  readonly bases: number
  /** Members' own logs that ours were held against, and how many transactions of them, each member for itself. */
  readonly compared: readonly number[]
  readonly membersRead: number
  /** Of ours. */
  readonly findings: readonly string[]
  /** Of the servers. */
  readonly parted: readonly string[]
}

/**
 * What lies in the folder, held against the members' own logs, their published digest, and a client's walk of the leader. A member that differs
 * from its leader is a finding of its own, and none of ours.
 */
export async function prove(input: {
  members: Members
  script: string
  out: string
  scratch: string
  reads: readonly MemberRead[]
  last: bigint
}): Promise<Proof> {
  const { members, script, out, scratch, reads, last } = input
  const live = leaderOf(reads).tree
  const findings: string[] = []
  const recorded = (await readFile(join(out, 'gaps.jsonl'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
  for (const line of recorded) findings.push(`a gap was recorded: ${line}`)
  const names = await readdir(join(out, 'version-2'))
  const bases = names.filter((name) => name.startsWith('snapshot.')).map((name) => parseHex64(name.slice(9))!)
  const first = bases.reduce((a, b) => (a < b ? a : b))

  const ours = await readLogs(out, first)
  if (ours.stop !== 'end') findings.push(`our logs end early: ${ours.stop}`)
  if (ours.passedOver > 0) findings.push(`${ours.passedOver} pieces of our logs contradict each other`)
  let [at, lost, twice] = [first, 0, ours.written - ours.all.size]
  for (const [zxid, { type }] of ours.all) {
    if (findGap(at, { zxid, type }) !== null) findings.push(`${formatHex64(at)} is followed by ${formatHex64(zxid)}`)
    at = zxid
  }
  if (at < last) findings.push(`ends at ${formatHex64(at)}, before ${formatHex64(last)}`)

  // Numbers do not show what an epoch lost at its end: a member's own log does.
  const parted = findParted(reads)
  const theirs = await Promise.all(members.all.map(({ member }) => readPieces(member.dataDir, first, last)))
  const compared = theirs.map(({ all }) => all.size)
  for (const [i, { all, isCovered }] of theirs.entries()) {
    const name = members.all[i]!.member.name
    const missing = [...all].filter(([zxid]) => !ours.all.has(zxid))
    const others = [...ours.all].filter(([zxid]) => isCovered(zxid) && !all.has(zxid))
    // What nobody else has either was never the ensemble's; what others have is missing there.
    const alone = others.filter(([zxid]) => !theirs.some((each) => each.all.has(zxid)))
    // A leader sends multis that failed with their good parts renamed; what they hold is nothing.
    const unlike = [...ours.all].filter(
      ([zxid, { type, sum }]) => type !== TXN_TYPE.multi && (all.get(zxid)?.sum ?? sum) !== sum,
    )
    lost = Math.max(lost, missing.length)
    const tell = (list: readonly [bigint, unknown][], what: string) =>
      `${name} has ${list.length} transactions ${what}, from ${formatHex64(list[0]![0])} on`
    if (missing.length > 0) findings.push(tell(missing, 'which we lack'))
    if (alone.length > 0) findings.push(tell(alone, 'fewer than we have, and so have the others'))
    else if (others.length > 0) parted.push(`server's log: ${tell(others, 'fewer than another member and we have')}`)
    if (unlike.length > 0) findings.push(tell(unlike, 'that differ from ours'))
  }
  if (!compared.some((count) => count > 0)) findings.push("no member's log could be read: ours were held against none")
  if (twice > 0) findings.push(`${twice} transactions lie twice in our logs`)

  const to = formatHex64(last)
  const replayed = await askCommand(script, 'replay', out, '--to', to, '--out', join(scratch, 'replayed'))
  const digest = replayed.digest as { match: boolean } | null
  if (digest?.match !== true || replayed.zxid !== to)
    findings.push(`replayed to ${to}: ${JSON.stringify(replayed).slice(0, 400)}`)

  const copy = join(scratch, 'server')
  await mkdir(copy, { recursive: true })
  await cp(join(out, 'version-2'), join(copy, 'version-2'), { recursive: true })
  const server = await startZooKeeper({ dataDir: copy, version: members.version })
  try {
    const loaded = await readBare(server.connectString, '/')
    const unlike = describeDifference(live, loaded)
    if (unlike !== null)
      findings.push(`${leaderOf(reads).name}, the leader, and a server with our files differ at ${unlike}`)
  } finally {
    await server.stop()
  }
  const epochs = new Set([...ours.all.keys()].map((zxid) => zxid >> 32n)).size
  const znodes = [...live.keys()].filter(isCompared).length
  return {
    transactions: ours.all.size,
    epochs,
    lost,
    twice,
    gaps: recorded.length,
    znodes,
    bases: bases.length,
    compared,
    membersRead: reads.length,
    findings,
    parted,
  }
}

/** What a member's log holds, piece by piece: one that was sent a whole tree has a gap before it. */
async function readPieces(dir: string, first: bigint, to: bigint) {
  const logs = await createFileArchives().logs.memberLogs(dir)
  const all = new Map<bigint, { type: number; sum: number }>()
  const pieces: { after: bigint; to: bigint }[] = []
  for (let after: bigint | null = first; after !== null && after < to; ) {
    const history = new HistoryReader(logs, { after, to })
    for await (const batch of history.readEntries())
      for (const { zxid, type, checksum } of batch) all.set(zxid, { type, sum: checksum })
    pieces.push({ after, to: history.lastZxid })
    const { stop } = history
    after = stop?.kind === 'gap' && stop.gap.before - 1n > after ? stop.gap.before - 1n : null
  }
  return { all, isCovered: (zxid: bigint) => pieces.some(({ after, to }) => zxid > after && zxid <= to) }
}

async function readLogs(dir: string, after: bigint) {
  const history = new HistoryReader(await createFileArchives().logs.memberLogs(dir), { after, to: null })
  const all = new Map<bigint, { type: number; sum: number }>()
  let written = 0
  for await (const batch of history.readEntries()) {
    for (const { zxid, type, checksum } of batch) all.set(zxid, { type, sum: checksum })
    written += batch.length
  }
  const { stop } = history
  return { all, written, passedOver: history.passedOver.length, stop: stop?.kind === 'end' ? 'end' : toText(stop) }
}

function toText(stop: HistoryReader['stop']): string {
  if (stop?.kind === 'gap') return `gap after ${formatHex64(stop.gap.after)} before ${formatHex64(stop.gap.before)}`
  return stop?.kind === 'damage' ? stop.error.message : (stop?.kind ?? 'unread')
}
