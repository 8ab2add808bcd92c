import type { AdminAuth, AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { AdminServersView } from './views.ts'

export const ADMIN_COLUMNS = {
  id: true,
  name: true,
  adminUrls: true,
  adminAuthScheme: true,
  adminTlsCa: true,
  adminTlsCert: true,
} as const satisfies Prisma.ClusterSelect

export function toUrls(stored: string): string[] {
  return stored.split('\n').filter((url) => url !== '')
}

export function toAuthScheme(text: string | null): AdminServersView['authScheme'] {
  return text === 'digest' || text === 'ip' || text === 'x509' ? text : null
}

/** For the settings page. Throws NOT_FOUND. */
export async function getAdminServers(
  context: Pick<ServiceContext, 'db'>,
  clusterId: string,
): Promise<AdminServersView> {
  const row = await findRow(context, clusterId)
  return {
    urls: toUrls(row.adminUrls),
    authScheme: toAuthScheme(row.adminAuthScheme),
    tlsCa: row.adminTlsCa ?? '',
    tlsCert: row.adminTlsCert ?? '',
    hasTlsKey: row.adminTlsKey !== null,
  }
}

/** One target an address, with opened credentials: for the adapter only. Empty where the cluster has no AdminServer set. */
export async function getAdminTargets(
  context: Pick<ServiceContext, 'db' | 'secrets'>,
  clusterId: string,
): Promise<AdminTarget[]> {
  const row = await findRow(context, clusterId)
  const auth = openAuth(context, row)
  const key = row.adminTlsKey === null ? null : context.secrets.open(row.adminTlsKey)
  const tls = { ca: row.adminTlsCa, cert: row.adminTlsCert, key }
  return toUrls(row.adminUrls).map((url) => ({ url, auth, tls }))
}

async function findRow(context: Pick<ServiceContext, 'db'>, clusterId: string) {
  const row = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { ...ADMIN_COLUMNS, adminAuthSecret: true, adminTlsKey: true },
  })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  return row
}

function openAuth(
  context: Pick<ServiceContext, 'secrets'>,
  row: { adminAuthScheme: string | null; adminAuthSecret: Uint8Array | null },
): AdminAuth | null {
  const scheme = toAuthScheme(row.adminAuthScheme)
  if (scheme !== 'digest') return scheme && { scheme }
  return row.adminAuthSecret === null ? null : { scheme, id: context.secrets.open(row.adminAuthSecret) }
}
