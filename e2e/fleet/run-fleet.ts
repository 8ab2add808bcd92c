import { setTimeout as pause } from 'node:timers/promises'
import { AcceptedJobs } from './accepted-jobs.ts'
import { Fleet, type FleetPrograms } from './fleet.ts'
import { readJobLog } from './job-log.ts'
import { Killer } from './killer.ts'
import { ClusterLoad, type LoadCounts } from './load.ts'
import { proveAll } from './proofs.ts'
import { toTable } from './table.ts'
import { measureTakeovers } from './takeovers.ts'

export interface FleetRun {
  readonly seed: number
  /** Of load under kills; what was begun then comes to its end afterwards. */
  readonly seconds: number
  readonly programs: FleetPrograms
  readonly onLine: (line: string) => void
}

export interface FleetOutcome {
  readonly findings: readonly string[]
  readonly lost: number
  readonly twice: number
  readonly kills: number
  readonly table: string
}

const TELL_EVERY_MS = 15_000

/** Two web processes, three workers, one PostgreSQL, three ZooKeepers: load, kills at random, and then the proof that nothing came of them. */
export async function runFleet({ seed, seconds, programs, onLine }: FleetRun): Promise<FleetOutcome> {
  const fleet = await Fleet.open(programs)
  let isSound = false
  try {
    onLine(`the fleet runs in ${fleet.root}`)
    const findings: string[] = []
    const accepted = new AcceptedJobs()
    const counts: LoadCounts = { restores: 0, undos: 0, resumedByHand: 0, treesCompared: 0, reasons: [] }
    let isOver = false
    const loads = fleet.clusters.map(
      (cluster, at) =>
        new ClusterLoad({ fleet, cluster, seed: seed + 100 * at, accepted, counts, findings, isOver: () => isOver }),
    )
    await Promise.all(loads.map((load) => load.prepare()))
    const killer = new Killer(fleet, seed)
    const startedAt = Date.now()
    const tell = setInterval(() => {
      const passed = Math.round((Date.now() - startedAt) / 1000)
      onLine(
        `${passed} s: ${accepted.all.size} jobs accepted, ${killer.kills.length} kills, ${findings.length} findings`,
      )
    }, TELL_EVERY_MS)
    try {
      killer.start()
      const loops = loads.flatMap((load) => [load.restoreAgainAndAgain(), load.readAgainAndAgain()])
      const told = loops.map((loop) =>
        loop.catch((error: unknown) => {
          findings.push(error instanceof Error ? error.message : String(error))
        }),
      )
      await Promise.race([pause(seconds * 1000), Promise.all(told)])
      isOver = true
      await killer.stop()
      await Promise.all(told)
    } finally {
      isOver = true
      clearInterval(tell)
      await killer.stop()
    }
    if (killer.failure !== null) findings.push(String(killer.failure))
    const proofs = await proveAll(fleet, accepted, () => readJobLog(fleet.postgres.url))
    findings.push(...proofs.findings)
    const takeovers = measureTakeovers(await readJobLog(fleet.postgres.url), killer.kills)
    const retries = loads.reduce((sum, load) => sum + load.retries, 0)
    const table = toTable({ accepted, counts, proofs, kills: killer.kills, takeovers, retries })
    for (const reason of counts.reasons) onLine(`gone on with by hand: ${reason}`)
    isSound = findings.length === 0
    return { findings, lost: proofs.lost, twice: proofs.twice, kills: killer.kills.length, table }
  } finally {
    await fleet.close({ keep: !isSound })
  }
}
