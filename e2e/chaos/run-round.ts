import type { ClusterConnection } from '../../lib/adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import type { WriteOperation } from '../../lib/domain/restore/ports.ts'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { startBackup } from '../../lib/services/backups/start-backup.ts'
import { armCluster } from '../../lib/services/clusters/arm-cluster.ts'
import { createRestore } from '../../lib/services/restores/create-restore.ts'
import { startUndo } from '../../lib/services/restores/start-undo.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { readBare } from './bare-reader.ts'
import { type FaultKind, OTHER_WRITER } from './faults.ts'
import type { Base, Place } from './place.ts'
import { RestoreRun } from './restore-run.ts'
import type { Round } from './schedule.ts'
import { Tally } from './tally.ts'
import { breakTree, type Change, type Expectation, expectRestored, type Model, plain, ROOT } from './tree-model.ts'

const TRIES_MAX = 5

/** The tree is written, and a backup of it is taken by the worker. */
export async function makeBase(place: Place, source: Model): Promise<Base> {
  const operations = [...source].map(([path, { data, acl }]) => ({
    op: 'create' as const,
    path,
    data: Buffer.from(data),
    acl,
    kind: 'persistent' as const,
    ttlMs: null,
  }))
  // All or nothing, and again after a connection that was lost in the first seconds of a server.
  await place.until('the tree to be written', () =>
    withClient(place, async (client) => {
      const outcome = await client.multi(operations)
      return outcome.kind === 'done' || (outcome.kind === 'refused' && outcome.code === 'NODE_EXISTS')
    }).catch(() => false),
  )
  for (let tries = 1; ; tries++) {
    const { jobId } = await startBackup(place.context, { clusterId: place.clusterId, paths: [ROOT] })
    const job = await untilJobEnds(place, jobId)
    if (job.state === 'succeeded' && job.subjectId !== null) return { source, backupId: job.subjectId }
    if (tries >= TRIES_MAX) throw new Error(`no backup could be taken: ${JSON.stringify(job.error)}`)
  }
}

export interface RoundOutcome {
  readonly tally: Tally
  /** Faults whose instant never came. */
  readonly left: readonly FaultKind[]
  /** The servers are no longer of one mind, which makes everything else worthless. */
  readonly cameApart: string | null
}

/** One restore with its faults, judged after each of them and at the end. */
export async function runRound(place: Place, base: Base, round: Round): Promise<RoundOutcome> {
  const tally = new Tally()
  const left = [...round.faults]
  try {
    await restoreUnderFaults(place, base, round, { tally, left })
  } catch (error) {
    const cameApart = await place.findDivergence()
    if (cameApart === null) throw error
    return { tally, left, cameApart }
  }
  return { tally, left, cameApart: tally.findings.length === 0 ? null : await place.findDivergence() }
}

async function restoreUnderFaults(
  place: Place,
  base: Base,
  round: Round,
  { tally, left }: { tally: Tally; left: FaultKind[] },
): Promise<void> {
  const random = new SeededRandom(round.seed)
  await damage(place, random, round.number)
  await armCluster(place.context, { clusterId: place.clusterId, minutes: 60, reason: 'chaos' })
  const before = await readBare(place.directly, ROOT)
  const expected = expectRestored(before, plain(base.source), round.mode)
  const restoreId = await planned(place, async () =>
    createRestore(place.context, {
      clusterId: place.clusterId,
      source: `backup:${base.backupId}`,
      selection: { kind: 'subtree', path: ROOT },
      mode: round.mode,
      onConflict: round.onConflict,
    }),
  )
  const run = new RestoreRun({ place, restoreId, random, expected, judgeAs: 'end' })
  await drive(run, left, { round, tally, cut: round.undo === 'cut' })
  if (round.undo !== 'no') await takeBack(place, run, left, { round, tally, expected })
}

/** Confirms, injects what is left of the faults one after the other, and brings it to its end. */
async function drive(
  run: RestoreRun,
  left: FaultKind[],
  { round, tally, cut }: { round: Round; tally: Tally; cut: boolean },
): Promise<void> {
  const where = `round ${round.number} (${run.restoreId}, ${run.place.dataDir})`
  await run.confirm()
  const injected: { kind: FaultKind; resumedBefore: number }[] = []
  while (left.length > 0) {
    const kind = left[0]!
    const resumedBefore = await run.timesResumed()
    run.isToBeCut = cut && left.length === 1
    if (!(await kind.inject(run))) break
    left.shift()
    injected.push({ kind, resumedBefore })
    tally.of(kind).injected++
    tally.addFindings(kind, await run.judgeMiddle(), `${where}, in the middle`)
    if ((await run.find()).state === 'failed' && left.length > 0) await run.goOn()
  }
  const isCut = cut && injected.length > 0 && (await run.isUnfinished())
  const ended = isCut ? await run.cutShort() : await run.finish()
  const last = injected.at(-1)
  const resumedAtEnd = await run.timesResumed()
  for (const [at, { kind, resumedBefore }] of injected.entries()) {
    const after = injected[at + 1]?.resumedBefore ?? resumedAtEnd
    if (isCut && at === injected.length - 1) tally.of(kind).takenBack++
    else if (after > resumedBefore) tally.of(kind).resumed++
    else tally.of(kind).wentOn++
  }
  // Also one that came too late to count has left its conflict.
  if (run.foreign.size > 0) tally.of(OTHER_WRITER).conflicts += ended.conflicts
  const findings = await run.judgeEnd(ended, isCut)
  const kind = last?.kind ?? round.faults[0]
  if (kind) tally.addFindings(kind, findings, where)
}

async function takeBack(
  place: Place,
  run: RestoreRun,
  left: FaultKind[],
  { round, tally, expected }: { round: Round; tally: Tally; expected: ReadonlyMap<string, Expectation> },
): Promise<void> {
  // A run that was cut short before its first write has nothing to take back.
  if (!(await run.hasSafetyBackup())) return
  const undoId = await planned(place, () => startUndo(place.context, run.restoreId))
  const undo = new RestoreRun({ place, restoreId: undoId, random: run.random, expected, judgeAs: 'back' })
  if ((await undo.steps()) === 0) return
  await drive(undo, left, { round, tally, cut: false })
}

/** Plans are jobs as well; one that the fault before has spoilt is asked for again. */
async function planned(place: Place, ask: () => Promise<{ restoreId: string; jobId: string }>): Promise<string> {
  for (let tries = 1; ; tries++) {
    const { restoreId, jobId } = await ask()
    const job = await untilJobEnds(place, jobId)
    if (job.state === 'succeeded') return restoreId
    if (tries >= TRIES_MAX) throw new Error(`no plan could be made: ${JSON.stringify(job.error)}; see ${place.dataDir}`)
  }
}

async function untilJobEnds(place: Place, jobId: string) {
  return place.until(`the end of the job ${jobId}`, async () => {
    const job = await place.runtime.db.job.findUnique({
      where: { id: jobId },
      select: { state: true, subjectId: true, error: true, finishedAt: true },
    })
    return job?.finishedAt ? job : null
  })
}

async function damage(place: Place, random: SeededRandom, number: number): Promise<void> {
  const changes = breakTree(random, await readBare(place.directly, ROOT), number)
  await place.until('the damage', () => tryDamage(place, changes).catch(() => false))
}

/** May be done again: what was damaged before stays so, and what cannot be done any more need not be. */
async function tryDamage(place: Place, changes: readonly Change[]): Promise<boolean> {
  const operations = changes.flatMap((change): WriteOperation[] => {
    const { kind, path } = change
    if (kind === 'delete') return [{ op: 'delete', path, version: -1 }]
    if (kind === 'set') return [{ op: 'setData', path, data: Buffer.from(change.data), version: -1 }]
    if (kind === 'acl') return []
    return [{ op: 'create', path, data: Buffer.from(change.data), acl: OPEN_ACL, kind: 'persistent', ttlMs: null }]
  })
  return withClient(place, async (client) => {
    const outcome = await client.multi(operations)
    await Promise.all(
      changes.map(async (change) => change.kind === 'acl' && client.setAcl(change.path, change.acl, -1)),
    )
    return outcome.kind !== 'unknown'
  })
}

async function withClient<T>(place: Place, work: (client: ClusterConnection) => Promise<T>): Promise<T> {
  const client = await createZooKeeper().connect({ connectString: place.directly })
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
