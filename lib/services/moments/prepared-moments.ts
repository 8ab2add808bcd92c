import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import type { MomentId, MomentTree } from './open-moment.ts'
import type { MomentProofView } from './views.ts'

/** Prepared moments that are kept in the work folder, each as large as a backup. */
const KEPT_MAX = 8
const PROOF_FILE = 'proof.json'

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

const MOMENTS = 'moments'

/** The folder of a moment that a job prepares: the cluster's revision is part of it, because an edited cluster may be another one. */
export async function preparedFolderOf(context: ServiceContext, { clusterId, zxid }: MomentId): Promise<string> {
  const { revision } = await getClusterTarget(context, clusterId)
  return join(MOMENTS, `${clusterId}.${revision}.${formatHex64(zxid)}`)
}

/** Null where it was not prepared, or is no longer kept. */
export async function openPrepared(context: ServiceContext, id: MomentId): Promise<MomentTree | null> {
  const folder = await preparedFolderOf(context, id)
  const dir = await context.workFiles.fetch(folder)
  const found = await readProof(dir)
  if (found === null) return null
  try {
    const reader = await context.archives.open(join(dir, basename(found.archive)))
    // Those that are looked at are kept longest.
    await context.workFiles.touch(folder)
    return { reader, proof: found.proof, sessions: null, close: () => reader.close() }
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    context.log.warn({ dir, error: error.message }, 'A prepared moment cannot be read, it is made anew')
    return null
  }
}

/** Says that the archive in the folder is whole, and what is known of it; from now on it is used. */
export async function publishPrepared(folder: WorkFolder, archiveDir: string, proof: MomentProofView): Promise<void> {
  const { dir } = folder
  await mkdir(dir, { recursive: true })
  const aside = join(dir, `.${PROOF_FILE}`)
  await writeFile(aside, JSON.stringify({ archive: basename(archiveDir), proof }))
  await rename(aside, join(dir, PROOF_FILE))
  await folder.publish()
}

/** Deletes what was not looked at for longest. */
export async function sweepPrepared(context: Pick<ServiceContext, 'workFiles'>, keep: string): Promise<void> {
  const others = (await context.workFiles.list(MOMENTS)).filter(({ folder }) => folder !== keep)
  for (const { folder } of others.slice(KEPT_MAX - 1)) await context.workFiles.remove(folder)
}

async function readProof(dir: string): Promise<z.output<typeof proofSchema> | null> {
  try {
    return proofSchema.safeParse(JSON.parse(await readFile(join(dir, PROOF_FILE), 'utf8'))).data ?? null
  } catch (_notThere) {
    return null
  }
}
