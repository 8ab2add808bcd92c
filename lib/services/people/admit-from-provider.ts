import type { ProviderIdentity, SingleSignOnSettings } from '../../adapters/oidc/single-sign-on.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type RecordFacts, type Transaction } from '../gate.ts'
import { toRole } from '../policy.ts'
import { withdrawWhatNeeds } from './change-person.ts'
import { type ProviderRoles, rolesOfGroups } from './provider-roles.ts'

export const PROVIDER_ID = 'oidc'

/** Why the provider's word is not enough; each has a text of its own on the sign-in page. */
export type ProviderRefusal =
  | 'no-group'
  | 'no-email'
  | 'email-not-verified'
  | 'domain-not-allowed'
  | 'email-taken'
  | 'not-invited'
  | 'deactivated'

type AdmitContext = Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log' | 'newId'>

interface KnownPerson {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly deactivatedAt: Date | null
}

const KNOWN = { id: true, name: true, role: true, deactivatedAt: true } as const

/**
 * Who the provider has vouched for, as a person of ours with the roles of now: made, linked, raised or lowered as the settings and the
 * groups say. Whose groups give nothing any more loses what they had, sessions included. Throws FORBIDDEN with `details.refusal`.
 */
export async function admitFromProvider(
  context: AdmitContext,
  identity: ProviderIdentity,
  settings: SingleSignOnSettings,
): Promise<{ readonly userId: string; readonly name: string }> {
  const roles = rolesOfGroups(settings, identity.groups)
  const known = await findByIdentity(context, identity)
  if (known?.deactivatedAt) throw await refused(context, identity, 'deactivated')
  const lost = roles.hasAccess ? findAddressFault(identity, settings, known !== null) : 'no-group'
  if (lost !== null) {
    if (known) await takeAccess(context, known)
    throw await refused(context, identity, lost)
  }
  if (known) return follow(context, known, roles, settings)
  const email = identity.email ?? ''
  const same = await context.db.user.findUnique({ where: { email }, select: KNOWN })
  if (same?.deactivatedAt) throw await refused(context, identity, 'deactivated')
  // An address that the provider gives to somebody else later on does not make them who had it before.
  const isTaken = same && (!settings.linkByEmail || (await hasOtherIdentity(context, same, identity)))
  if (isTaken) throw await refused(context, identity, 'email-taken')
  if (!same && !settings.createPeople) throw await refused(context, identity, 'not-invited')
  if (same) {
    await link(context, same, identity)
    return follow(context, same, roles, settings)
  }
  return makePerson(context, identity, email, roles)
}

async function findByIdentity({ db }: AdmitContext, identity: ProviderIdentity): Promise<KnownPerson | null> {
  const account = await db.account.findFirst({
    where: { providerId: PROVIDER_ID, accountId: accountIdOf(identity) },
    select: { user: { select: KNOWN } },
  })
  return account?.user ?? null
}

async function hasOtherIdentity(
  { db }: AdmitContext,
  person: KnownPerson,
  { issuer }: ProviderIdentity,
): Promise<boolean> {
  const where = { userId: person.id, providerId: PROVIDER_ID, accountId: { startsWith: `${issuer} ` } }
  return (await db.account.count({ where })) > 0
}

/** Another issuer's subjects are other people, whatever their numbers. */
function accountIdOf({ issuer, subject }: ProviderIdentity): string {
  return `${issuer} ${subject}`
}

function findAddressFault(
  { email, isEmailVerified }: ProviderIdentity,
  { allowedDomains }: SingleSignOnSettings,
  isKnown: boolean,
): ProviderRefusal | null {
  // Who is known is known by the subject: the address says nothing new, unless its domain is what admits.
  if (isKnown && allowedDomains.length === 0) return null
  if (email === null) return 'no-email'
  if (!isEmailVerified) return 'email-not-verified'
  const domain = email.slice(email.lastIndexOf('@') + 1)
  return allowedDomains.length > 0 && !allowedDomains.includes(domain) ? 'domain-not-allowed' : null
}

async function refused(
  context: AdmitContext,
  identity: ProviderIdentity,
  refusal: ProviderRefusal,
): Promise<ServiceError> {
  const message = `Single sign-on of ${identity.email ?? identity.name ?? 'somebody'} was refused: ${refusal}`
  const after = { groups: identity.groups.slice(0, 50) }
  await writeAudit(context.db, context, { action: 'session.sign-in', outcome: 'denied', message, after })
  return new ServiceError('FORBIDDEN', message, { unaffected: 'nobody was signed in', details: { refusal } })
}

async function makePerson(
  context: AdmitContext,
  identity: ProviderIdentity,
  email: string,
  roles: ProviderRoles,
): Promise<{ readonly userId: string; readonly name: string }> {
  const userId = context.newId()
  const name = (identity.name ?? email).slice(0, 100)
  const after = { userId, email, name, role: roles.overall, how: 'made' }
  await mutate(context, { action: 'people.follow-provider', after }, async (tx, record) => {
    const now = new Date(context.clock.now())
    await tx.user.create({
      data: { id: userId, name, email, emailVerified: true, role: roles.overall, createdAt: now, updatedAt: now },
    })
    await addAccount(context, tx, userId, identity)
    await setClusterRoles(context, tx, { userId, roles, named: [...roles.atClusters.keys()] }, record)
  })
  return { userId, name }
}

async function link(context: AdmitContext, person: KnownPerson, identity: ProviderIdentity): Promise<void> {
  const after = { userId: person.id, name: person.name, how: 'linked by e-mail' }
  await mutate(context, { action: 'people.follow-provider', after }, (tx) =>
    addAccount(context, tx, person.id, identity),
  )
}

async function addAccount(
  context: AdmitContext,
  tx: Transaction,
  userId: string,
  identity: ProviderIdentity,
): Promise<void> {
  const now = new Date(context.clock.now())
  const accountId = accountIdOf(identity)
  const id = context.newId()
  await tx.account.create({
    data: { id, userId, accountId, providerId: PROVIDER_ID, createdAt: now, updatedAt: now },
  })
}

/** The last administrator too is lowered when the groups say so: the groups are the word of whoever may say it. */
async function follow(
  context: AdmitContext,
  person: KnownPerson,
  roles: ProviderRoles,
  { clusterRoles }: SingleSignOnSettings,
): Promise<{ readonly userId: string; readonly name: string }> {
  const { id: userId, name } = person
  const named = Object.keys(clusterRoles)
  if (!(await isChange(context, person, roles, named))) return { userId, name }
  const subject = { before: { userId, name, role: person.role }, after: { role: roles.overall } }
  await mutate(context, { action: 'people.follow-provider', ...subject }, async (tx, record) => {
    await tx.user.update({ where: { id: userId }, data: { role: roles.overall }, select: { id: true } })
    await setClusterRoles(context, tx, { userId, roles, named }, record)
    await withdrawWhatNeeds(context, tx, { userId, name, role: roles.overall })
  })
  return { userId, name }
}

/** Nothing is left to somebody whose groups give nothing: no role, no cluster, no session that goes on. */
async function takeAccess(context: AdmitContext, { id: userId, name, role }: KnownPerson): Promise<void> {
  const atClusters = await context.db.clusterRole.count({ where: { userId } })
  const sessions = await context.db.session.count({ where: { userId } })
  if (toRole(role) === 'none' && atClusters === 0 && sessions === 0) return
  const subject = { before: { userId, name, role, clusters: atClusters }, after: { role: 'none' } }
  await mutate(context, { action: 'people.follow-provider', ...subject }, async (tx, record) => {
    await tx.user.update({ where: { id: userId }, data: { role: 'none' }, select: { id: true } })
    await tx.clusterRole.deleteMany({ where: { userId } })
    const ended = await tx.session.deleteMany({ where: { userId } })
    record({ after: { sessionsEnded: ended.count } })
    await withdrawWhatNeeds(context, tx, { userId, name, role: null })
  })
}

async function isChange(
  { db }: AdmitContext,
  { id: userId, role }: KnownPerson,
  roles: ProviderRoles,
  named: readonly string[],
): Promise<boolean> {
  if (toRole(role) !== roles.overall) return true
  const clusters = await listNamed(db, named)
  const rows = await db.clusterRole.findMany({
    where: { userId, clusterId: { in: clusters.map(({ id }) => id) } },
    select: { clusterId: true, role: true },
  })
  const wanted = clusters.flatMap(({ id, name }) => {
    const at = roles.atClusters.get(name)
    return at === undefined ? [] : [[id, at] as const]
  })
  const present = new Map(rows.map((row) => [row.clusterId, row.role]))
  return present.size !== wanted.length || wanted.some(([id, at]) => present.get(id) !== at)
}

/** Clusters that the mapping names are its own to say; what an administrator has set at others stays. */
async function setClusterRoles(
  context: AdmitContext,
  tx: Transaction,
  { userId, roles, named }: { userId: string; roles: ProviderRoles; named: readonly string[] },
  record: RecordFacts,
): Promise<void> {
  const clusters = await listNamed(tx, named)
  await tx.clusterRole.deleteMany({ where: { userId, clusterId: { in: clusters.map(({ id }) => id) } } })
  const set: string[] = []
  for (const { id: clusterId, name } of clusters) {
    const role = roles.atClusters.get(name)
    if (role === undefined) continue
    await tx.clusterRole.create({ data: { userId, clusterId, role } })
    set.push(`${name}: ${role}`)
  }
  if (set.length > 0) record({ after: { atClusters: set } })
  const unknown = [...roles.atClusters.keys()].filter((name) => !clusters.some((cluster) => cluster.name === name))
  if (unknown.length > 0)
    context.log.warn({ clusters: unknown }, 'Single sign-on maps groups to clusters that are not here')
}

async function listNamed(
  db: Pick<Transaction, 'cluster'>,
  named: readonly string[],
): Promise<{ readonly id: string; readonly name: string }[]> {
  if (named.length === 0) return []
  return db.cluster.findMany({ where: { name: { in: [...named] }, removedAt: null }, select: { id: true, name: true } })
}
