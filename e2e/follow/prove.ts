import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createFileArchives } from '../../lib/adapters/archive/file-archives.ts'
import { formatHex64, parseHex64 } from '../../lib/base/hex64.ts'
import { findGap } from '../../lib/domain/txnlog/continuity.ts'
import { HistoryReader } from '../../lib/domain/txnlog/read-history.ts'
import { TXN_TYPE } from '../../lib/domain/txnlog/txn.ts'
import { startZooKeeper } from '../../lib/testing/zookeeper-server.ts'
import { readBare, type SeenTree } from '../chaos/bare-reader.ts'
import { askCommand } from './follower.ts'
import type { Members } from './members.ts'

export interface Proof {
  readonly transactions: number
  readonly epochs: number
  readonly lost: number
  readonly twice: number
  readonly gaps: number
  readonly znodes: number
  readonly bases: number
  readonly findings: readonly string[]
}

/** What lies in the folder, held against the members' own logs, their published digest, and a client's walk of them. */
export async function prove(input: {
  members: Members
  script: string
  out: string
  scratch: string
  live: SeenTree
  last: bigint
}): Promise<Proof> {
  const { members, script, out, scratch, live, last } = input
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
  let compared = 0
  for (const { member } of members.all) {
    const theirs = await readLogs(join(member.dataDir), first)
    if (theirs.stop !== 'end') continue
    compared++
    const missing = [...theirs.all].filter(([zxid]) => zxid <= last && !ours.all.has(zxid))
    const others = [...ours.all].filter(([zxid]) => zxid <= last && !theirs.all.has(zxid))
    // A leader sends multis that failed with their good parts renamed; what they hold is nothing.
    const unlike = [...ours.all].filter(
      ([zxid, { type, sum }]) => type !== TXN_TYPE.multi && (theirs.all.get(zxid)?.sum ?? sum) !== sum,
    )
    lost = Math.max(lost, missing.length)
    for (const [what, list] of [
      ['which we lack', missing],
      ['fewer than we have', others],
      ['that differ from ours', unlike],
    ] as const) {
      if (list.length > 0)
        findings.push(`${member.name} has ${list.length} transactions ${what}, from ${formatHex64(list[0]![0])} on`)
    }
  }
  if (compared === 0) findings.push("no member's log is whole: ours could not be held against one")
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
    const paths = [...new Set([...live.keys(), ...loaded.keys()])].filter(isCompared)
    const unlike = paths.filter((path) => JSON.stringify(live.get(path)) !== JSON.stringify(loaded.get(path)))
    if (unlike.length > 0)
      findings.push(
        `a server with our files differs at ${unlike.length} of ${paths.length} znodes, at ${unlike[0]}: ${JSON.stringify(live.get(unlike[0]!))} and ${JSON.stringify(loaded.get(unlike[0]!))}`,
      )
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
    findings,
  }
}

/** Not the mark that the reader itself writes, nor what each server says of itself. */
function isCompared(path: string): boolean {
  return path !== '/arkeeper-chaos-mark' && path !== '/zookeeper' && !path.startsWith('/zookeeper/')
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
