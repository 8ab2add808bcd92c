import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import type { MomentId, MomentTree } from './open-moment.ts'
import type { MomentProofView } from './views.ts'

/** Prepared moments that are kept in the work folder, each as large as a backup. */
const KEPT_MAX = 8
const PROOF_FILE = 'proof.json'
const ABANDONED_AFTER_MS = 24 * 3_600_000

const proofSchema = z.object({
  archive: z.string(),
  proof: z.object({
    zxid: z.string(),
    exact: z.boolean(),
    digest: z.enum(['match', 'mismatch']).nullable(),
    base: z.object({ name: z.string(), zxid: z.string() }),
    applied: z.number(),
    kindsKnown: z.boolean(),
    problems: z.array(z.string()),
  }),
})

const homeOf = (context: Pick<ServiceContext, 'paths'>) => join(context.paths.workDir, 'moments')

/** The folder of a moment that a job prepares: the cluster's revision is part of it, because an edited cluster may be another one. */
export async function preparedDirOf(context: ServiceContext, { clusterId, zxid }: MomentId): Promise<string> {
  const { revision } = await getClusterTarget(context, clusterId)
  return join(homeOf(context), `${clusterId}.${revision}.${formatHex64(zxid)}`)
}

/** Null where it was not prepared, or is no longer kept. */
export async function openPrepared(context: ServiceContext, id: MomentId): Promise<MomentTree | null> {
  const dir = await preparedDirOf(context, id)
  const found = await readProof(dir)
  if (found === null) return null
  try {
    const reader = await context.archives.open(join(dir, basename(found.archive)))
    // Those that are looked at are kept longest.
    const now = new Date(context.clock.now())
    await utimes(join(dir, PROOF_FILE), now, now).catch(() => undefined)
    return { reader, proof: found.proof, sessions: null, close: () => reader.close() }
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    context.log.warn({ dir, error: error.message }, 'A prepared moment cannot be read, it is made anew')
    return null
  }
}

/** Says that the archive in the folder is whole, and what is known of it; from now on it is used. */
export async function publishPrepared(dir: string, archiveDir: string, proof: MomentProofView): Promise<void> {
  await mkdir(dir, { recursive: true })
  const aside = join(dir, `.${PROOF_FILE}`)
  await writeFile(aside, JSON.stringify({ archive: basename(archiveDir), proof }))
  await rename(aside, join(dir, PROOF_FILE))
}

/** Deletes what was not looked at for longest, and what a dead job left. */
export async function sweepPrepared(context: Pick<ServiceContext, 'paths' | 'clock'>, keepDir: string): Promise<void> {
  const home = homeOf(context)
  const names = await readdir(home).catch(() => [])
  const ready: { dir: string; usedMs: number }[] = []
  for (const name of names) {
    const dir = join(home, name)
    if (dir === keepDir) continue
    const usedMs = await modifiedMs(join(dir, PROOF_FILE))
    if (usedMs !== null) ready.push({ dir, usedMs })
    else if (context.clock.now() - ((await modifiedMs(dir)) ?? 0) > ABANDONED_AFTER_MS) await remove(dir)
  }
  ready.sort((a, b) => b.usedMs - a.usedMs)
  for (const { dir } of ready.slice(KEPT_MAX - 1)) await remove(dir)
}

const remove = (dir: string) => rm(dir, { recursive: true, force: true })

async function modifiedMs(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )
}

async function readProof(dir: string): Promise<z.output<typeof proofSchema> | null> {
  try {
    return proofSchema.safeParse(JSON.parse(await readFile(join(dir, PROOF_FILE), 'utf8'))).data ?? null
  } catch (_notThere) {
    return null
  }
}
