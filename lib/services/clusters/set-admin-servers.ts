import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { ADMIN_COLUMNS, getAdminServers, toUrls } from './admin-servers.ts'
import { getClusterForWriting } from './armed.ts'
import { assertMayPoint } from './assert-may-point.ts'
import { type AdminServersInput, adminServersInputSchema } from './schemas.ts'
import type { AdminServersView } from './views.ts'

/** Where the AdminServers of a cluster are and who we are to them. Nothing is asked yet. */
export async function setAdminServers(
  context: ServiceContext,
  input: z.input<typeof adminServersInputSchema>,
): Promise<AdminServersView> {
  const parsed = parseInput(adminServersInputSchema, input)
  const urls = parsed.urls.map(toAdminUrl)
  if (parsed.tlsKey !== '' && parsed.tlsCert === '') {
    throw fieldError('tlsCert', 'A private key needs its certificate')
  }
  const { id, name } = await getClusterForWriting(context, parsed.clusterId)
  const known = (await getAdminServers(context, id)).urls
  if (urls.some((url) => !known.includes(url))) {
    await assertMayPoint(context, { action: 'cluster.set-admin-servers', cluster: { id, name } })
  }
  await mutate(context, { action: 'cluster.set-admin-servers', cluster: { id, name } }, async (tx, record) => {
    const before = await tx.cluster.findFirstOrThrow({ where: { id, removedAt: null }, select: ADMIN_COLUMNS })
    record({ before: { adminServers: toUrls(before.adminUrls), authScheme: before.adminAuthScheme } })
    const after = await tx.cluster.update({
      where: { id },
      data: {
        adminUrls: urls.join('\n'),
        ...toAuthColumns(context, parsed.auth),
        adminTlsCa: parsed.tlsCa || null,
        adminTlsCert: parsed.tlsCert || null,
        ...toKeyColumn(context, parsed),
      },
      select: ADMIN_COLUMNS,
    })
    record({
      after: {
        adminServers: toUrls(after.adminUrls),
        authScheme: after.adminAuthScheme,
        credentialsChanged: parsed.auth.kind !== 'keep' || parsed.tlsKey !== '',
      },
    })
  })
  return getAdminServers(context, id)
}

/** Origin and path, without a trailing slash. The adapter checks again; here the fault is named by its field. */
function toAdminUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw fieldError('urls', `${text} is not an address like http://host:8080`)
  }
  if (url.username !== '' || url.password !== '')
    throw fieldError('urls', 'Put user and password into their own fields')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/commands$/, '')
}

function toAuthColumns(context: Pick<ServiceContext, 'secrets'>, auth: AdminServersInput['auth']) {
  switch (auth.kind) {
    case 'keep':
      return {}
    case 'none':
      return { adminAuthScheme: null, adminAuthSecret: null }
    case 'ip':
    case 'x509':
      return { adminAuthScheme: auth.kind, adminAuthSecret: null }
    case 'digest':
      return {
        adminAuthScheme: 'digest',
        adminAuthSecret: context.secrets.seal(`${auth.username}:${auth.password}`),
      }
  }
}

/** Without a certificate there is no use for a key; with one, an empty field keeps the stored key. */
function toKeyColumn(context: Pick<ServiceContext, 'secrets'>, { tlsCert, tlsKey }: AdminServersInput) {
  if (tlsCert === '') return { adminTlsKey: null }
  return tlsKey === '' ? {} : { adminTlsKey: context.secrets.seal(tlsKey) }
}

function fieldError(field: string, message: string): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was changed',
    details: { fields: { [field]: message } },
  })
}
