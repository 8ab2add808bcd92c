import { isArkeeperError } from '../../base/errors.ts'
import { findNames } from '../backups/to-backup-view.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { findNeeds } from '../keep-rules/find-needs.ts'
import { listClusterBases } from '../logs/cluster-bases.ts'
import { openLogs } from '../logs/cluster-logs.ts'
import { lookPast } from '../seen-by.ts'
import { findMode, findRecipients } from './find-recipients.ts'
import { listFormerCopies } from './former-copies.ts'
import { type EncryptedRow, isSameSet, listEncrypted, toKeyNeeds } from './key-needs.ts'
import { listStaleBases } from './reencrypt-bases.ts'
import { listStalePieces } from './reencrypt-pieces.ts'
import { ALL_CLUSTERS } from './schemas.ts'
import type { EncryptionView, RecipientView, RotationWaitView } from './views.ts'

/** Everything about the keys of a cluster but the private ones. Throws NOT_FOUND. */
export async function getEncryption(context: ServiceContext, clusterId: string): Promise<EncryptionView> {
  const { db, clock } = context
  const cluster = await getClusterForWriting(context, clusterId)
  const [mode, effective, keys, backups, unlocks, machine, logs, formerCopies, rotation] = await Promise.all([
    findMode(context, cluster.id),
    findRecipients(context, cluster.id),
    db.encryptionRecipient.findMany({
      where: { scope: { in: [cluster.id, ALL_CLUSTERS] } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    }),
    listEncrypted(context, cluster.id),
    db.keyUnlock.findMany({
      where: { endsAt: { gt: new Date(clock.now()) } },
      orderBy: [{ endsAt: 'asc' }, { id: 'asc' }],
      select: { id: true, clusterId: true, recipient: true, endsAt: true, unlockedByName: true },
    }),
    readMachine(context),
    findLogs(context, cluster),
    listFormerCopies(context, cluster.id),
    db.job.findFirst({
      where: { kind: 'reencrypt', clusterId: cluster.id, state: { in: ['queued', 'running'] } },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      select: { id: true, state: true, runAfter: true },
    }),
  ])
  const isStale = ({ recipients }: EncryptedRow) => recipients === null || !isSameSet(recipients, effective)
  const stale = effective.length === 0 ? [] : backups.filter(isStale)
  const names = await findNames(
    context,
    keys.map(({ provedById }) => provedById),
  )
  const toView = (key: (typeof keys)[number]): RecipientView => ({
    id: key.id,
    recipient: key.recipient,
    label: key.label,
    isForAll: key.scope === ALL_CLUSTERS,
    provedAt: key.provedAt?.toISOString() ?? null,
    provedByName: key.provedById === null ? null : (names.get(key.provedById) ?? null),
    heldBy: machine.recipients.includes(key.recipient)
      ? 'machine'
      : unlocks.some(({ recipient }) => recipient === key.recipient)
        ? 'unlock'
        : null,
  })
  const proved = new Set(keys.filter(({ provedAt }) => provedAt !== null).map(({ recipient }) => recipient))
  const bases = await listClusterBases(context, cluster)
  const pieces = [
    ...(logs?.archived.segments ?? []).flatMap(({ sealed }) => (sealed === undefined ? [] : [sealed.recipients])),
    ...bases.flatMap(({ places }) => {
      const recipients = places[0]?.manifest.encryption?.recipients
      return recipients === undefined ? [] : [recipients]
    }),
  ]
  const labels = new Map(keys.map(({ recipient, label }) => [recipient, label]))
  return {
    mode,
    own: keys.filter(({ scope }) => scope === cluster.id).map(toView),
    forAll: keys.filter(({ scope }) => scope === ALL_CLUSTERS).map(toView),
    effective,
    isUnproved: effective.length > 0 && !effective.some((recipient) => proved.has(recipient)),
    unlocks: unlocks
      .filter((each) => each.clusterId === cluster.id)
      .map(({ id, recipient, endsAt, unlockedByName }) => ({
        id,
        recipient,
        endsAt: endsAt.toISOString(),
        byName: unlockedByName,
      })),
    machine,
    needs: toKeyNeeds(backups, { effective, labels }, { pieces, formerCopies }),
    stalePieces:
      (logs === null ? 0 : listStalePieces(logs, effective).length) + listStaleBases(bases, effective).length,
    plainBackups: backups.filter(({ recipients }) => recipients === null).length,
    staleBackups: stale.length,
    rotationJobId: rotation?.id ?? null,
    rotationWaitsUntil:
      rotation?.state === 'queued' && rotation.runAfter.getTime() > clock.now()
        ? rotation.runAfter.toISOString()
        : null,
    waiting: await listWaiting(
      context,
      stale.map(({ id }) => id),
    ),
    formerCopies: formerCopies.length,
  }
}

async function listWaiting({ db }: ServiceContext, backupIds: readonly string[]): Promise<RotationWaitView[]> {
  if (backupIds.length === 0) return []
  const needs = await lookPast(() => findNeeds(db))
  const waiting = backupIds.flatMap((backupId) => {
    const need = needs.get(backupId)?.find(({ atWork }) => atWork)
    return need ? [{ backupId, ...need }] : []
  })
  if (waiting.length === 0) return []
  const rows = await db.backup.findMany({
    where: { id: { in: waiting.map(({ backupId }) => backupId) } },
    select: { id: true, takenAt: true },
  })
  // Of those that are seen: a restore to another cluster may be hidden from whoever asks.
  const restores = await db.restore.findMany({
    where: { id: { in: waiting.flatMap(({ restoreId }) => restoreId ?? []) } },
    select: { id: true },
  })
  return waiting.map(({ backupId, by, restoreId }) => ({
    backupId,
    takenAt: rows.find(({ id }) => id === backupId)?.takenAt.toISOString() ?? '',
    by,
    restoreId: restores.find(({ id }) => id === restoreId)?.id ?? null,
  }))
}

async function readMachine(context: ServiceContext): Promise<EncryptionView['machine']> {
  try {
    return { recipients: (await context.age.machineIdentities()).map(({ recipient }) => recipient), fault: null }
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return { recipients: [], fault: error.message }
  }
}

async function findLogs(context: ServiceContext, cluster: { readonly id: string; readonly name: string }) {
  try {
    return await openLogs(context, cluster)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return null
  }
}
