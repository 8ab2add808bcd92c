import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { commandFollowers } from './command-followers.ts'
import { Follower } from './follower.ts'
import { Members } from './members.ts'
import { type Proof, prove } from './prove.ts'
import { readMembers } from './read-members.ts'
import { type Weighing, weigh } from './weigh.ts'
import { WorkerFollowers } from './worker-followers.ts'
import { Writers } from './writers.ts'

/** Ten a second for an hour. */
const TRANSACTIONS_MIN = 36_000
const CATCH_UP_MS = 120_000
const FAULTS = ['reconfigured', 'leader-killed', 'leader-stopped', 'member-stopped'] as const
export type Fault = (typeof FAULTS)[number] | 'follow-killed'

export interface FollowRun {
  readonly faults: ReadonlyMap<Fault, number>
  readonly acknowledged: number
  readonly proof: Proof
  /** Of what follows, for the table. */
  readonly rows: readonly (readonly [string, number])[]
  /** Null: not asked for. */
  readonly weighing: Weighing | null
}

export async function runFollow(options: {
  seed: number
  seconds: number
  weighSeconds: number
  script: string
  /** Script of a worker that follows into the archive, in place of the command. */
  worker: string | null
  onLine: (line: string) => void
}): Promise<FollowRun> {
  const { seed, seconds, script, worker, onLine } = options
  const scratch = await mkdtemp(join(tmpdir(), 'arkeeper-follow-'))
  const out = join(scratch, 'followed')
  const members = await Members.start()
  const { connectString, quorum } = members
  const followers =
    worker === null
      ? commandFollowers(script, quorum, out)
      : await WorkerFollowers.open({ worker, dir: join(scratch, 'installation'), connectString, quorum })
  let keep = true
  try {
    const random = new SeededRandom(seed)
    const faults = new Map<Fault, number>()
    const count = (fault: Fault) => {
      faults.set(fault, (faults.get(fault) ?? 0) + 1)
      onLine(`${new Date().toISOString().slice(11, 19)} ${fault}`)
    }
    const perSecond = Math.max(100, (TRANSACTIONS_MIN / seconds) * 1.6)
    let follower = await followers.start()
    const start = await zxidOf(members)
    await follower.reached(start, CATCH_UP_MS)
    const writers = new Writers(connectString, { count: 4, seed, perSecond })
    const until = Date.now() + seconds * 1000
    const isOver = () =>
      Date.now() > until + seconds * 1000 || (Date.now() > until && writers.acknowledged >= TRANSACTIONS_MIN)
    const damaged: string[] = []

    const ourOwn = async () => {
      const own = new SeededRandom(seed + 1000)
      while (!isOver()) {
        await followers.untilItsTurn(follower, own, () => zxidOf(members))
        if (follower.hasGivenUp) throw new Error(`the follow ended by itself: ${follower.err}`)
        if (!follower.isHealthy) damaged.push(`digests did not match: ${follower.err}`)
        count('follow-killed')
        await follower.end('SIGKILL')
        await pause(own.below(2_500))
        follower = await followers.start()
      }
    }
    const theirs = async () => {
      for (let i = 0; !isOver(); i++) {
        await pause(1_500 + random.below(4_000))
        // Each kind once before any comes again.
        const fault = i < FAULTS.length ? FAULTS[i]! : random.pick(FAULTS)
        count(fault)
        await strike(members, fault, random)
        await members.untilServing()
      }
    }
    await Promise.all([ourOwn(), theirs()])
    const { acknowledged } = writers
    await writers.end()
    await members.untilServing()
    const reads = await readMembers(members)
    const last = await zxidOf(members)
    await follower.reached(last, CATCH_UP_MS)
    if (!follower.isHealthy) damaged.push(`digests did not match: ${follower.err}`)
    await follower.end('SIGTERM')
    damaged.push(...(await followers.collect(out)))
    const found = await prove({ members, script, out, scratch, reads, last: follower.zxid ?? last })
    const few = found.transactions < TRANSACTIONS_MIN ? [`only ${found.transactions} transactions were made`] : []
    const proof = { ...found, findings: [...damaged, ...few, ...found.findings] }

    const startFollower = async () => {
      const weighed = new Follower(script, quorum, join(scratch, 'weighed'))
      await weighed.reached(await zxidOf(members), CATCH_UP_MS)
      return weighed
    }
    const weighing =
      options.weighSeconds === 0
        ? null
        : await weigh({ members, seed, seconds: options.weighSeconds, startFollower, onLine })
    keep = proof.findings.length + proof.parted.length > 0
    if (!keep) await rm(scratch, { recursive: true, force: true })
    return { faults, acknowledged, proof, rows: followers.rows(), weighing }
  } finally {
    await followers.close()
    if (keep) onLine(`kept for a look: ${scratch}, and the members with what they said: ${members.servers.dir}`)
    await members.end({ keep })
  }
}

async function strike(members: Members, fault: (typeof FAULTS)[number], random: SeededRandom): Promise<void> {
  const leader = await members.findLeader()
  const other = (leader + 1 + random.below(2)) % 3
  if (fault === 'leader-killed') await members.kill(leader)
  if (fault === 'leader-stopped') await members.stop(leader)
  if (fault === 'member-stopped') await members.stop(other)
  if (fault === 'reconfigured') {
    await members.remove(other)
    await members.stop(other)
    await pause(random.below(2_000))
    await members.add(other)
    return
  }
  await pause(random.below(2_500))
  await members.all[fault === 'member-stopped' ? other : leader]!.start()
}

/** Of the last that is committed; itself a transaction of nobody, but for its session. Amid an election it is asked for again. */
async function zxidOf(members: Members): Promise<bigint> {
  for (let tries = 0; ; tries++) {
    try {
      const client = await createZooKeeper().connect({ connectString: members.connectString })
      try {
        return await client.sync('/')
      } finally {
        await client.close()
      }
    } catch (error) {
      if (tries >= 10) throw error
      await pause(1_000)
    }
  }
}
