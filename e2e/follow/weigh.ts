import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type Cores, findCores, pin } from './cores.ts'
import type { Follower } from './follower.ts'
import { type Members, numberIn } from './members.ts'
import { Writers } from './writers.ts'

/** At a fixed rate that leaves the servers time to spare, and as fast as they answer. */
export const LOADS = ['a third', 'all they take'] as const
export type Load = (typeof LOADS)[number]

export interface Weight {
  readonly load: Load
  readonly withUs: boolean
  readonly writesPerSecond: number
  readonly batchMs: number
  readonly batchLateMs: number
  readonly avgLatencyMs: number
  readonly maxLatencyMs: number
  readonly outstanding: number
  readonly outstandingMax: number
  /** CPU of the leader for each write, µs. */
  readonly cpuMicros: number
  /** Of the follow itself; null without it. */
  readonly ourCpuShare: number | null
}

export interface Weighing {
  readonly cores: Cores | null
  /** In the order in which they were measured: of each load in turn without us and with us. */
  readonly weights: readonly Weight[]
}

const WARM_UP_MS = 2_000
/** Short and in turn, so that whatever else the machine does comes upon both alike. */
const SLICE_SECONDS = 5
const CLOCK_TICKS = 100
const WRITERS = 4
/** Writes of a writer at once: many keep the servers busy, few do not bring a queue of their own making. */
const AT_ONCE = { 'a third': 6, 'all they take': 16 } as const

/** The leader's own account of itself under the same writers, in turn without and with a follow of it, `seconds` of each at each load. */
export async function weigh(input: {
  members: Members
  seed: number
  seconds: number
  startFollower: () => Promise<Follower>
  onLine: (line: string) => void
}): Promise<Weighing> {
  const { members, seed, seconds, startFollower, onLine } = input
  const cores = await findCores()
  for (const member of members.all) await pin(member.pid(), cores?.servers ?? null)
  await pin(process.pid, cores?.ours ?? null)
  const at = await members.findLeader()
  const weights: Weight[] = []
  const slices = Math.max(2, Math.ceil(seconds / SLICE_SECONDS))
  const weighAll = async (load: Load, perSecond: number) => {
    for (let i = 0; i < 2 * slices; i++) {
      const follower = i % 2 === 1 ? await startFollower() : null
      await pin(follower?.pid ?? null, cores?.ours ?? null)
      weights.push(await measure({ members, at, seed: seed + i, load, perSecond, follower }))
      await follower?.end('SIGTERM')
    }
    const rates = weights.slice(-2 * slices).map(({ writesPerSecond }) => writesPerSecond)
    onLine(`weighed at ${load}: ${rates.map((rate) => rate.toFixed(0)).join(', ')} writes a second`)
    return Math.min(...rates)
  }
  await weighAll('a third', (await weighAll('all they take', Number.POSITIVE_INFINITY)) / 3)
  return { cores, weights }
}

async function measure(input: {
  members: Members
  at: number
  seed: number
  load: Load
  perSecond: number
  follower: Follower | null
}): Promise<Weight> {
  const { members, at, seed, load, perSecond, follower } = input
  const { connectString, pid } = members.all[at]!
  const writers = new Writers(connectString, { count: WRITERS, seed, perSecond, atOnce: AT_ONCE[load] })
  await pause(WARM_UP_MS)
  await members.ask(at, 'srst')
  writers.restart()
  const [cpu, ourCpu, began] = [
    await cpuSecondsOf(pid()),
    follower && (await cpuSecondsOf(follower.pid)),
    performance.now(),
  ]
  const outstanding: number[] = []
  while (performance.now() - began < SLICE_SECONDS * 1000) {
    await pause(100)
    outstanding.push(numberIn(await members.ask(at, 'mntr'), 'zk_outstanding_requests'))
  }
  const took = (performance.now() - began) / 1000
  const text = await members.ask(at, 'mntr')
  const late = [...writers.latencies].sort((a, b) => a - b)
  const writes = writers.acknowledged + writers.refused
  const weight = {
    load,
    withUs: follower !== null,
    writesPerSecond: writes / took,
    batchMs: late[Math.floor(late.length / 2)] ?? 0,
    batchLateMs: late[Math.floor(late.length * 0.99)] ?? 0,
    avgLatencyMs: numberIn(text, 'zk_avg_latency'),
    maxLatencyMs: numberIn(text, 'zk_max_latency'),
    outstanding: outstanding.reduce((a, b) => a + b, 0) / Math.max(1, outstanding.length),
    outstandingMax: Math.max(0, ...outstanding),
    cpuMicros: (((await cpuSecondsOf(pid())) - cpu) / Math.max(1, writes)) * 1_000_000,
    ourCpuShare: follower && ((await cpuSecondsOf(follower.pid)) - (ourCpu ?? 0)) / took,
  }
  await writers.end()
  return weight
}

async function cpuSecondsOf(pid: number | null): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS
}
