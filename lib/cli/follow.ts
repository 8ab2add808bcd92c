import { resolve } from 'node:path'
import { createFollowDir } from '../adapters/archive/live/follow-dir.ts'
import type { FollowGap, GapReason } from '../adapters/archive/live/follow-sink.ts'
import type { LiveProof } from '../adapters/archive/live/live-tree.ts'
import { formatServer, parseQuorumServers } from '../adapters/zookeeper/connect-string.ts'
import { countOf } from '../base/count-of.ts'
import { formatErrorLine } from '../base/errors.ts'
import { formatHex64 } from '../base/hex64.ts'
import { stringifyJson } from '../base/json.ts'
import { tightenHeap } from '../base/tighten-heap.ts'
import type { FollowEvent, FollowProgress } from '../services/engine/follow.ts'
import { followStream } from '../services/engine/follow-stream.ts'
import type { EngineProgress } from '../services/engine/progress.ts'
import { type Command, flag, requiredText, text } from './command.ts'
import { parseZxid } from './parse-zxid.ts'

export const follow: Command = {
  usage: 'follow --quorum host:port[,host:port…] --out DIR [--until ZXID] [--json]',
  summary:
    'listen to the leader as an observer that never says anything, and keep DIR a data directory that servers and replay read: a base, and every transaction behind it; runs until it is stopped, goes on where it was',
  options: { quorum: 'string', out: 'string', until: 'string' },
  positionals: { min: 0, max: 0 },
  run: async (input) => {
    const { context, terminal, access } = input
    const servers = parseQuorumServers(requiredText(input, 'quorum'))
    const dir = resolve(requiredText(input, 'out'))
    const given = text(input, 'until')
    const until = given === undefined ? undefined : parseZxid(given, 'until')
    const isJson = flag(input, 'json')
    let gaps = 0
    tightenHeap()
    const { observers, clock } = context
    const outcome = await followStream(
      { observers, liveTrees: context.archives.liveTrees, clock },
      {
        target: { servers, tls: access.tls ?? null },
        sink: createFollowDir(dir),
        until,
        retry: 'judged',
        signal: context.signal,
        onEvent: (event) => {
          if (event.kind === 'gap' && event.isCertain) gaps++
          const line = describeEvent(event)
          if (line !== null) terminal.complain(line)
        },
        onProgress: (progress) => {
          // Nobody waits for it: whoever reads too slowly gets fewer lines.
          if (isJson) void terminal.line(stringifyJson(toJson(progress)))
          else terminal.progress(toBar(progress))
        },
      },
    )
    terminal.clear()
    const { zxid, transactions, proof } = outcome
    if (isJson) await terminal.line(stringifyJson(toJson({ ...outcome, connected: false, lagMs: 0 })))
    else {
      const count = countOf(transactions, 'transaction')
      const at = zxid === null ? 'nothing' : formatHex64(zxid)
      await terminal.line(`${dir}: ${at}, ${count} written, ${describeDigests(proof)}, ${countOf(outcome.gaps, 'gap')}`)
    }
    return isHealthy(proof) && gaps === 0 ? 0 : 1
  },
}

function describeDigests(proof: LiveProof | null): string {
  if (!isHealthy(proof)) return 'digests do not match'
  return proof?.comparedZxid == null ? 'no digest to compare' : 'digests match'
}

function isHealthy(proof: LiveProof | null): boolean {
  return proof === null || (proof.parted === null && proof.suspected === null && proof.conflicts === 0)
}

function toJson(
  progress: Pick<FollowProgress, 'zxid' | 'lagMs' | 'transactions' | 'proof' | 'gaps' | 'connected' | 'znodes'>,
): unknown {
  const { zxid, lagMs, transactions, proof, gaps, connected, znodes } = progress
  const parted = proof?.parted ?? proof?.suspected ?? null
  return {
    zxid: zxid === null ? null : formatHex64(zxid),
    lagMs,
    transactions,
    digestOk: isHealthy(proof),
    gaps,
    connected,
    znodes,
    digestsCompared: proof?.compared ?? 0,
    parted: parted && {
      zxid: formatHex64(parted.zxid),
      expected: formatHex64(parted.expected),
      found: formatHex64(parted.found),
    },
  }
}

function toBar({ transactions, lately, connected }: FollowProgress): EngineProgress {
  const stage = connected ? 'Following' : 'Waiting for a leader'
  const { transactions: ratePerSecond, bytes } = lately
  return { stage, done: transactions, total: null, bytes, ratePerSecond, etaMs: null }
}

function describeEvent(event: FollowEvent): string | null {
  switch (event.kind) {
    case 'connected':
      return `following ${formatServer(event.peer)}, epoch ${event.epoch}`
    case 'lost':
      return `${formatErrorLine(event.error)} — trying again in ${event.retryInMs} ms`
    case 'gap':
      return `${event.isCertain ? 'GAP' : 'PERHAPS A GAP'}: ${formatHex64(event.from)} to ${formatHex64(event.to)}: ${describeGap(event)}`
    case 'renewed':
      return `what is kept up to ${formatHex64(event.behind)} could not be made a tree of: the leader's own was fetched, and the log goes on where it ended`
    case 'rolled-back':
      return `ROLLED BACK: the ensemble has no more what came after ${event.to === null ? 'the start' : formatHex64(event.to)}, up to ${formatHex64(event.from)}; it was laid aside`
    case 'digest-parted':
      return `DIGEST_PARTED: at ${formatHex64(event.zxid)} the server has the digest ${formatHex64(event.expected)}, its transactions come to ${formatHex64(event.found)} — what comes goes on being written; the server, or what it sends, is damaged`
    case 'digest-agrees':
      return `at ${formatHex64(event.zxid)} the digests agree again`
    case 'synced':
    case 'base':
      return null
  }
}

const GAP_WORDS: Readonly<Record<GapReason, string>> = {
  forgotten: 'the connection was lost for longer than the leader remembers',
  away: 'no follow ran for longer than the leader remembers',
  'lost-here': 'what was kept here is gone or cannot be read, and the leader has forgotten what came behind it',
  keys: 'what was kept here is sealed, and its key is not here',
  begins: 'what is kept before it came by another way',
  restored: 'the ensemble was put back to an older state',
}

function describeGap({ why, isCertain }: FollowGap): string {
  const known = isCertain
    ? 'states in between cannot be made'
    : 'an election lies in between, and whether anything was written before it cannot be told'
  return `${GAP_WORDS[why]}; ${known}`
}
