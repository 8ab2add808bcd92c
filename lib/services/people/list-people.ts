import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { isRoleEnough, toRole } from '../policy.ts'
import { listClosedAccounts } from './sign-in-throttle.ts'
import type { ClusterNameView, ClusterRoleView, InvitationView, PeopleView, PersonView } from './views.ts'

/** Everybody sees who there is and who could approve; open invitations are for those who may invite. */
export async function listPeople(context: Pick<ServiceContext, 'actor' | 'clock' | 'db'>): Promise<PeopleView> {
  const { actor } = context
  if (actor.role === 'none') {
    throw new ServiceError('FORBIDDEN', 'Your role overall (none) does not show people', {
      remedy: 'ask an administrator',
    })
  }
  const clusters = await context.db.cluster.findMany({
    where: { removedAt: null },
    orderBy: { name: 'asc' },
    select: { id: true, name: true },
  })
  const now = new Date(context.clock.now())
  const rows = await context.db.user.findMany({
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    select: {
      id: true,
      name: true,
      email: true,
      role: true,
      deactivatedAt: true,
      createdAt: true,
      sessions: { orderBy: { updatedAt: 'desc' }, where: { expiresAt: { gt: now } }, select: { updatedAt: true } },
      accounts: { select: { providerId: true } },
      clusterRoles: { select: { clusterId: true, role: true } },
    },
  })
  const closed = isRoleEnough(actor.role, 'people.open-sign-in') ? await listClosedAccounts(context) : null
  const people = rows.map(
    ({ id, name, email, role, deactivatedAt, createdAt, sessions, accounts, clusterRoles }): PersonView => ({
      id,
      name,
      email,
      role: toRole(role),
      clusterRoles: toClusterRoleViews(clusterRoles, clusters),
      deactivatedAt: deactivatedAt?.toISOString() ?? null,
      createdAt: createdAt.toISOString(),
      seenAt: sessions[0]?.updatedAt.toISOString() ?? null,
      isYou: id === actor.id,
      sessions: sessions.length,
      closedUntil: closed?.get(email.toLowerCase())?.until.toISOString() ?? null,
      signsInWith: accounts.map(({ providerId }) => (providerId === 'credential' ? 'password' : 'provider')),
    }),
  )
  const invitations = isRoleEnough(actor.role, 'people.invite') ? await listInvitations(context, people) : null
  return { people, clusters, invitations }
}

function toClusterRoleViews(
  roles: readonly { readonly clusterId: string; readonly role: string }[],
  clusters: readonly ClusterNameView[],
): ClusterRoleView[] {
  return clusters.flatMap(({ id, name }) => {
    const found = roles.find(({ clusterId }) => clusterId === id)
    return found ? [{ clusterId: id, clusterName: name, role: toRole(found.role) }] : []
  })
}

async function listInvitations(
  context: Pick<ServiceContext, 'clock' | 'db'>,
  people: readonly PersonView[],
): Promise<InvitationView[]> {
  const rows = await context.db.invitation.findMany({
    where: { acceptedAt: null, revokedAt: null },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: 100,
    select: { id: true, email: true, role: true, createdById: true, createdAt: true, expiresAt: true },
  })
  return rows.map(({ id, email, role, createdById, createdAt, expiresAt }) => ({
    id,
    email,
    role: toRole(role),
    invitedByName: people.find((person) => person.id === createdById)?.name ?? 'a removed user',
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    state: expiresAt.getTime() > context.clock.now() ? 'open' : 'expired',
  }))
}
