import type { ServiceContext } from '../context.ts'

/** False only on a fresh installation: then the first visit makes the administrator. */
export async function hasAdministrator(context: Pick<ServiceContext, 'db'>): Promise<boolean> {
  const administrator = await context.db.user.findFirst({ where: { role: 'admin' }, select: { id: true } })
  return administrator !== null
}
