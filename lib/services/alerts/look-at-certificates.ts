import { z } from 'zod'
import { describeExpiry } from '../../base/certificate-expiry.ts'
import { parseCertificates } from '../../base/certificates.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import { toTlsView } from '../clusters/cluster-tls.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { listQuorumCertificates, type QuorumCertificate } from '../follow/quorum-certificates.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { type Finding, isOn, type Look } from './finding.ts'
import type { AlertSubject } from './views.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** What servers show changes when they are started anew. */
const EVERY_MS = HOUR_MS

const shownSchema = z.array(z.object({ server: z.string(), subject: z.string(), validTo: z.string() }))

interface Certificate {
  readonly where: string
  readonly subject: string
  readonly validToMs: number
  /** Where it is set, where that is not the cluster's own TLS. */
  readonly about?: AlertSubject
}

/** Certificates of our own settings as they are stored, those of servers as they were shown within the last hour. */
export const lookAtCertificates: Look = {
  rules: ['certificate-expiring'],
  find: async (look) => {
    const { db } = look.context
    const rows = await db.cluster.findMany({
      where: { removedAt: null, OR: [{ tlsOn: true }, { adminTlsCert: { not: null } }, { adminTlsCa: { not: null } }] },
      select: {
        id: true,
        tlsOn: true,
        tlsCa: true,
        tlsCert: true,
        tlsCheckName: true,
        adminTlsCa: true,
        adminTlsCert: true,
      },
    })
    const watches = await db.certificateWatch.findMany({ select: { clusterId: true, shown: true } })
    const follows = await db.clusterFollow.findMany({
      where: { tlsMode: { not: 'off' }, quorumServers: { not: '' } },
      select: { clusterId: true, tlsMode: true, tlsCa: true, tlsCert: true, peerCertificate: true },
    })
    const known = new Map<string, Certificate[]>()
    const add = (clusterId: string, certificates: readonly Certificate[]) => {
      known.set(clusterId, [...(known.get(clusterId) ?? []), ...certificates])
    }
    for (const row of rows) {
      const shown = row.tlsOn ? watches.find(({ clusterId }) => clusterId === row.id)?.shown : null
      add(row.id, [
        ...(toTlsView(row)?.certificates ?? []).map(({ of, subject, validTo }) => ({
          where: of === 'client' ? 'our client certificate' : 'the authority',
          subject,
          validToMs: Date.parse(validTo),
        })),
        ...ofAdmin(row),
        ...(shownSchema.safeParse(shown).data ?? []).map(({ server, subject, validTo }) => ({
          where: `the certificate of ${server}`,
          subject,
          validToMs: Date.parse(validTo),
        })),
      ])
    }
    for (const row of follows) add(row.clusterId, listQuorumCertificates(row).map(ofQuorum))
    const findings: Finding[] = []
    for (const [clusterId, certificates] of known) {
      const cluster = look.clusters.get(clusterId)
      if (!cluster || !isOn(look, 'certificate-expiring', clusterId)) continue
      const days = look.settingsOf('certificate-expiring', clusterId).numbers.days ?? 30
      for (const { where, subject, validToMs, about = 'cluster-settings' } of certificates) {
        if (validToMs - look.nowMs > days * DAY_MS) continue
        findings.push({
          rule: 'certificate-expiring',
          cluster,
          subject: `${where} ${subject} ${validToMs}`,
          about,
          text: `TLS of ${cluster.name}: ${where} (${subject}) ${describeExpiry(validToMs, look.nowMs)}`,
          ...(validToMs <= look.nowMs ? { severity: 'critical' as const } : {}),
        })
      }
    }
    return findings
  },
}

/** Members that cannot renew theirs in time lose their quorum with the next connection. */
function ofQuorum({ of, server, subject, validToMs }: QuorumCertificate): Certificate {
  const where =
    of === 'client'
      ? 'our client certificate for the quorum port'
      : of === 'authority'
        ? 'the authority of the quorum port'
        : `the quorum certificate of ${server}`
  return { where, subject, validToMs, about: 'cluster-follow' }
}

function ofAdmin({
  adminTlsCa,
  adminTlsCert,
}: {
  adminTlsCa: string | null
  adminTlsCert: string | null
}): Certificate[] {
  const read = (where: string, pem: string | null) =>
    (pem === null ? [] : (parseCertificates(pem) ?? [])).map(({ subject, validTo }) => ({
      where,
      subject,
      validToMs: Number(validTo),
    }))
  // The chain behind our own is the authority's business.
  return [
    ...read('the authority of AdminServers', adminTlsCa),
    ...read('our AdminServer certificate', adminTlsCert).slice(0, 1),
  ]
}

/** Asks the servers of one cluster with TLS that is due for what they show, as `owner`; false when none is. */
export async function runDueCertificates(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const clusters = await db.cluster.findMany({ where: { removedAt: null, tlsOn: true }, select: { id: true } })
  if (clusters.length === 0) return false
  const known = await db.certificateWatch.findMany({ select: { clusterId: true, nextRunAt: true, leaseUntil: true } })
  const watches = new Map(known.map((row) => [row.clusterId, row]))
  const due = clusters.find(({ id }) => {
    const watch = watches.get(id)
    return !watch || (watch.nextRunAt <= now && (watch.leaseUntil === null || watch.leaseUntil < now))
  })
  if (!due) return false
  const clusterId = due.id
  await db.certificateWatch.upsert({ where: { clusterId }, create: { clusterId, nextRunAt: now }, update: {} })
  const { count } = await db.certificateWatch.updateMany({
    where: { clusterId, nextRunAt: { lte: now }, ...leaseIsFree(now) },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + 4 * LEASE_MS) },
  })
  if (count === 0) return true
  const shown = await askServers(context, clusterId)
  await db.certificateWatch.updateMany({
    where: { clusterId, leaseOwner: owner },
    data: {
      // Who does not answer shows nothing: what was seen last counts on.
      ...(shown.length > 0 ? { shown, lastRunAt: now } : {}),
      leaseOwner: null,
      leaseUntil: null,
      nextRunAt: new Date(clock.now() + EVERY_MS),
    },
  })
  return true
}

async function askServers(context: ServiceContext, clusterId: string) {
  try {
    const answers = await context.zookeeper.serverStatus(await getClusterTarget(context, clusterId))
    return answers.flatMap(({ server, certificate }) =>
      certificate
        ? [{ server, subject: certificate.subject, validTo: new Date(certificate.validTo).toISOString() }]
        : [],
    )
  } catch (error) {
    context.log.debug({ clusterId, error: formatErrorLine(error) }, 'The servers did not show their certificates')
    return []
  }
}
