import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { verifyAuditChain } from '../../lib/services/audit/verify-audit-chain.ts'
import { withArchive } from '../../lib/services/stores/archive-folder.ts'
import { listStores } from '../../lib/services/stores/find-store.ts'
import { startRescan } from '../../lib/services/stores/start-rescan.ts'
import { walkStore } from '../../lib/services/stores/walk-store.ts'
import type { AcceptedJobs } from './accepted-jobs.ts'
import type { Fleet } from './fleet.ts'
import type { JobChange } from './job-log.ts'
import { countEnds } from './takeovers.ts'

export interface Proofs {
  readonly ended: ReadonlyMap<string, { readonly kind: string; readonly state: string; readonly attempts: number }>
  lost: number
  twice: number
  archives: number
  /** By a rescan. */
  adopted: number
  journals: number
  operations: number
  auditEntries: number
  readonly findings: string[]
}

const DRAIN_MS = 180_000
const TIDY_MS = 45_000

/** What must be true at the end, each asked of the database, the disk and the servers themselves. */
export async function proveAll(
  fleet: Fleet,
  accepted: AcceptedJobs,
  readLog: () => Promise<JobChange[]>,
): Promise<Proofs> {
  await drain(fleet)
  const rows = await fleet.runtime.db.job.findMany({ select: { id: true, kind: true, state: true, attempts: true } })
  const proofs: Proofs = {
    ended: new Map(rows.map(({ id, ...job }) => [id, job])),
    lost: 0,
    twice: 0,
    archives: 0,
    adopted: 0,
    journals: 0,
    operations: 0,
    auditEntries: 0,
    findings: [],
  }
  proveJobs(proofs, accepted, await readLog())
  await proveArchives(proofs, fleet)
  await proveJournals(proofs, fleet)
  await proveAudit(proofs, fleet)
  await proveNothingLeft(proofs, fleet)
  return proofs
}

/** Every job comes to its end by itself. */
async function drain(fleet: Fleet): Promise<void> {
  const deadline = Date.now() + DRAIN_MS
  for (;;) {
    const open = await fleet.runtime.db.job.count({ where: { state: { in: ['queued', 'running'] } } })
    if (open === 0) return
    if (Date.now() > deadline) throw new Error(`${open} jobs did not end within ${DRAIN_MS} ms; see ${fleet.root}`)
    await pause(200)
  }
}

function proveJobs(proofs: Proofs, accepted: AcceptedJobs, changes: readonly JobChange[]): void {
  const ends = countEnds(changes)
  for (const [id, kind] of accepted.all) {
    const times = proofs.ended.has(id) ? (ends.get(id) ?? 0) : 0
    if (times === 1) continue
    if (times < 1) proofs.lost++
    else proofs.twice++
    proofs.findings.push(`the ${kind} ${id} ended ${times} times`)
  }
}

/** Every place of the catalog has its archive, every archive its place, and each of them reads back to the byte. */
async function proveArchives(proofs: Proofs, fleet: Fleet): Promise<void> {
  const { db } = fleet.runtime
  const listBackups = () =>
    db.backup.findMany({
      where: { deletedAt: null },
      select: { id: true, storeId: true, dir: true, jobId: true, purpose: true },
    })
  proveBackupsOfJobs(proofs, await listBackups())
  proofs.adopted = await takeInTheRest(fleet)
  const backups = await listBackups()
  const copies = await db.backupCopy.findMany({
    where: { state: 'present' },
    select: { id: true, storeId: true, dir: true },
  })
  const places = [...backups, ...copies]
  const left = await listPlaces(fleet)
  for (const { id, storeId, dir } of places) {
    if (left.delete(`${storeId} ${dir}`)) continue
    proofs.lost++
    proofs.findings.push(`${id} has no archive ${dir} in ${storeId}`)
  }
  for (const place of left) proofs.findings.push(`the archive ${place} is of no backup`)
  for (const { storeId, dir } of places) {
    const report = await withArchive(fleet.context, { storeId, dir }, (at) => fleet.context.archives.verify(at))
    proofs.archives++
    if (!report.ok) proofs.findings.push(`the archive ${dir} is not sound: ${JSON.stringify(report.problems)}`)
  }
}

interface BackupOfJob {
  readonly id: string
  readonly jobId: string | null
  readonly purpose: string
}

function proveBackupsOfJobs(proofs: Proofs, backups: readonly BackupOfJob[]): void {
  const byJob = Map.groupBy(
    backups.filter(({ purpose }) => purpose !== 'safety'),
    ({ jobId }) => jobId,
  )
  for (const [jobId, of] of byJob) {
    const job = jobId === null ? undefined : proofs.ended.get(jobId)
    if (job?.kind !== 'backup') continue
    if (of.length > 1) {
      proofs.twice++
      proofs.findings.push(`the job ${jobId} has made ${of.length} backups`)
    }
    if (job.state !== 'succeeded') proofs.findings.push(`the job ${jobId} of a backup is ${job.state}`)
  }
  for (const [id, { kind, state }] of proofs.ended) {
    if (kind !== 'backup' || state !== 'succeeded' || byJob.has(id)) continue
    proofs.lost++
    proofs.findings.push(`the job ${id} has succeeded, and there is no backup of it`)
  }
}

/** A worker that dies between the archive and its row leaves a good archive: a rescan takes it in. Gives how many there were. */
async function takeInTheRest(fleet: Fleet): Promise<number> {
  const before = await fleet.runtime.db.backup.count()
  const { jobId } = await startRescan(fleet.context, null)
  await drain(fleet)
  const job = await fleet.runtime.db.job.findUniqueOrThrow({
    where: { id: jobId },
    select: { state: true, error: true },
  })
  if (job.state !== 'succeeded') throw new Error(`the rescan is ${job.state}: ${JSON.stringify(job.error)}`)
  return (await fleet.runtime.db.backup.count()) - before
}

async function listPlaces(fleet: Fleet): Promise<Set<string>> {
  const places = new Set<string>()
  for (const store of await listStores(fleet.context)) {
    for await (const { dir } of walkStore(fleet.context, store)) places.add(`${store.id} ${dir}`)
  }
  return places
}

/** No step of a plan was carried out by two batches, however many workers went on with it. */
async function proveJournals(proofs: Proofs, fleet: Fleet): Promise<void> {
  const restores = await fleet.runtime.db.restore.findMany({ select: { id: true, dir: true, state: true } })
  for (const { id, dir } of restores) {
    const lines = await fleet.runtime.db.workLines.findMany({
      where: { folder: dir, name: 'journal.jsonl' },
      orderBy: { n: 'asc' },
      select: { text: true },
    })
    if (lines.length === 0) continue
    proofs.journals++
    const seen = new Set<number>()
    for (const line of lines.flatMap(({ text }) => text.split('\n')).filter(Boolean)) {
      const entry: { kind: string; applied: { ranges: [number, number][] }[] } = JSON.parse(line)
      if (entry.kind !== 'outcome') continue
      for (const [from, to] of entry.applied.flatMap(({ ranges }) => ranges)) {
        for (let index = from; index < to; index++) {
          proofs.operations++
          if (!seen.has(index)) {
            seen.add(index)
            continue
          }
          proofs.twice++
          proofs.findings.push(`step ${index} of the restore ${id} was carried out twice`)
        }
      }
    }
  }
}

async function proveAudit(proofs: Proofs, fleet: Fleet): Promise<void> {
  const { entries, problems } = await verifyAuditChain(fleet.context)
  proofs.auditEntries = entries
  for (const problem of problems) proofs.findings.push(`the audit: ${JSON.stringify(problem)}`)
}

async function proveNothingLeft(proofs: Proofs, fleet: Fleet): Promise<void> {
  const { db } = fleet.runtime
  const leased = await db.job.count({ where: { OR: [{ leaseOwner: { not: null } }, { leaseUntil: { not: null } }] } })
  if (leased > 0) proofs.findings.push(`${leased} jobs that have ended are still leased`)
  const open = await db.restore.count({ where: { state: { in: ['planning', 'queued', 'running', 'verifying'] } } })
  if (open > 0) proofs.findings.push(`${open} restores are still at work, and no job works for them`)
  const undone = await db.diff.count({ where: { state: { in: ['queued', 'running'] } } })
  if (undone > 0) proofs.findings.push(`${undone} diffs are still at work, and no job works for them`)
  const started = await db.auditEntry.findMany({ where: { outcome: 'started' }, select: { id: true, before: true } })
  if (started.length === 0) proofs.findings.push('no restore was ever started: this run has shown nothing')
  const temporary = await untilTidy(fleet)
  if (temporary.length > 0) proofs.findings.push(`left in the stores: ${temporary.slice(0, 3).join(', ')}`)
}

/** What a dead worker has left is removed by one that lives, soon and not at once. Gives what stayed. */
async function untilTidy(fleet: Fleet): Promise<string[]> {
  const deadline = Date.now() + TIDY_MS
  for (;;) {
    const names = await readdir(fleet.context.paths.storeDir, { recursive: true })
    const temporary = names.filter((name) => name.split('/').some((part) => part.startsWith('.tmp-')))
    const { Uploads = [] } = await fleet.s3.client.send(new ListMultipartUploadsCommand({ Bucket: fleet.s3.bucket }))
    for (const { Key } of Uploads) temporary.push(`unfinished upload of ${Key}`)
    if (temporary.length === 0 || Date.now() > deadline) return temporary
    await pause(500)
  }
}
