import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { askFourLetterWord } from '../../lib/adapters/zookeeper/internal/four-letter-word.ts'
import type { Follower } from './follower.ts'
import type { Members } from './members.ts'
import { Writers } from './writers.ts'

export interface Weight {
  readonly withUs: boolean
  readonly writesPerSecond: number
  readonly batchMs: number
  readonly batchLateMs: number
  readonly avgLatencyMs: number
  readonly maxLatencyMs: number
  readonly outstanding: number
  readonly outstandingMax: number
  readonly cpuShare: number
}

const WARM_UP_MS = 4_000
const CLOCK_TICKS = 100

/** The leader's own account of itself under the same writers, in turn without and with a follow of it. */
export async function weigh(input: {
  members: Members
  seed: number
  seconds: number
  startFollower: () => Promise<Follower>
  onLine: (line: string) => void
}): Promise<Weight[]> {
  const { members, seed, seconds, startFollower, onLine } = input
  const leader = members.all[await members.findLeader()]!
  const address = { host: '127.0.0.1', port: Number(leader.connectString.split(':')[1]) }
  const ask = (word: string) => askFourLetterWord(address, word, { timeoutMs: 10_000, tls: null })
  const weights: Weight[] = []
  for (const withUs of [false, true, false, true]) {
    const follower = withUs ? await startFollower() : null
    const writers = new Writers(leader.connectString, { count: 4, seed, perSecond: Number.POSITIVE_INFINITY })
    await pause(WARM_UP_MS)
    await ask('srst')
    writers.restart()
    const pid = leader.pid()
    const [cpu, began] = [await cpuSecondsOf(pid), performance.now()]
    const outstanding: number[] = []
    while (performance.now() - began < seconds * 1000) {
      await pause(250)
      outstanding.push(numberIn(await ask('mntr'), 'zk_outstanding_requests'))
    }
    const took = (performance.now() - began) / 1000
    const text = await ask('mntr')
    const late = [...writers.latencies].sort((a, b) => a - b)
    const weight = {
      withUs,
      writesPerSecond: (writers.acknowledged + writers.refused) / took,
      batchMs: late[Math.floor(late.length / 2)] ?? 0,
      batchLateMs: late[Math.floor(late.length * 0.99)] ?? 0,
      avgLatencyMs: numberIn(text, 'zk_avg_latency'),
      maxLatencyMs: numberIn(text, 'zk_max_latency'),
      outstanding: outstanding.reduce((a, b) => a + b, 0) / Math.max(1, outstanding.length),
      outstandingMax: Math.max(0, ...outstanding),
      cpuShare: ((await cpuSecondsOf(pid)) - cpu) / took,
    }
    weights.push(weight)
    onLine(`weighed ${withUs ? 'with' : 'without'} us: ${weight.writesPerSecond.toFixed(0)} writes a second`)
    await writers.end()
    await follower?.end('SIGTERM')
  }
  return weights
}

function numberIn(text: string, name: string): number {
  const found = new RegExp(`^${name}\\s+([\\d.]+)`, 'm').exec(text)
  if (!found) throw new Error(`the leader's mntr has no ${name}`)
  return Number(found[1])
}

async function cpuSecondsOf(pid: number | null): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS
}
