import type { ServiceContext } from '../context.ts'
import { ALL_CLUSTERS } from './schemas.ts'
import type { EncryptionMode } from './views.ts'

/** What new archives of a cluster are encrypted to; empty: to nobody, they are plain. */
export async function findRecipients(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string[]> {
  const mode = await findMode(context, clusterId)
  if (mode === 'off') return []
  const scope = mode === 'own' ? clusterId : ALL_CLUSTERS
  if (scope === ALL_CLUSTERS && (await findMode(context, ALL_CLUSTERS)) !== 'own') return []
  const rows = await context.db.encryptionRecipient.findMany({
    where: { scope },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { recipient: true },
  })
  return rows.map(({ recipient }) => recipient)
}

/** Of all clusters: "own" is on, everything else is off. */
export async function findMode(context: Pick<ServiceContext, 'db'>, scope: string): Promise<EncryptionMode> {
  const row = await context.db.encryptionChoice.findUnique({ where: { scope }, select: { mode: true } })
  return row?.mode === 'own' || row?.mode === 'off' ? row.mode : 'default'
}

/**
 * The same context, whose new archives are encrypted as is set for the cluster. One piece of work has one of its own: what it writes it can
 * read back until it ends, and nobody after it.
 */
export async function encryptingFor<Given extends ServiceContext>(context: Given, clusterId: string): Promise<Given> {
  const recipients = await findRecipients(context, clusterId)
  return recipients.length === 0 ? context : { ...context, archives: context.archives.withRecipients(recipients) }
}
