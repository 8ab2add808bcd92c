import { describeExpiry, expiresSoon } from '../../base/certificate-expiry.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { listLogStores } from '../logs/list-log-stores.ts'
import { judgeFollow } from './judge-follow.ts'
import { listFollowGaps } from './list-follow-gaps.ts'
import { listQuorumCertificates, type QuorumCertificate } from './quorum-certificates.ts'
import type { QuorumRow } from './quorum-target.ts'
import { BASE_HOURS, LAG_SECONDS, quorumTestSchema } from './schemas.ts'
import { toDigestState } from './to-digest-state.ts'
import type { FollowSettingsView, FollowView, KeptPlaceView } from './views.ts'

/** What is set, and how the stream goes. Throws NOT_FOUND. */
export async function getFollow(context: ServiceContext, clusterId: string): Promise<FollowView> {
  const { id } = await getClusterForWriting(context, clusterId)
  const row = await context.db.clusterFollow.findUnique({ where: { clusterId: id } })
  const report = quorumTestSchema.safeParse(row?.testReport).data
  const judged = row === null ? null : judgeFollow(row, context.clock.now())
  return {
    clusterId: id,
    state: judged?.state ?? 'off',
    stateSince: judged?.since?.toISOString() ?? null,
    settings: toSettingsView(row, context.clock.now()),
    peer: row?.peer ?? null,
    connectedAt: row?.connectedAt?.toISOString() ?? null,
    heardAt: row?.heardAt?.toISOString() ?? null,
    lastZxid: row?.lastZxid == null ? null : formatHex64(row.lastZxid),
    lastTxnAt: row?.lastTxnAt?.toISOString() ?? null,
    lagMs: row?.lagMs ?? null,
    rate: row?.rate ?? null,
    transactions: Number(row?.transactions ?? 0n),
    digest: {
      state: toDigestState(row?.digestState),
      zxid: row?.digestZxid == null ? null : formatHex64(row.digestZxid),
      at: row?.digestAt?.toISOString() ?? null,
      compared: Number(row?.digestCompared ?? 0n),
    },
    base:
      row?.baseZxid == null || row.baseAt === null
        ? null
        : { zxid: formatHex64(row.baseZxid), at: row.baseAt.toISOString() },
    places: row === null ? [] : await listKeptPlaces(context, id, row),
    error: parseErrorView(row?.error),
    denied: row?.deniedZxid == null || judged?.state !== 'refused' ? null : formatHex64(row.deniedZxid),
    gaps: await listFollowGaps(context, id),
    tested: row?.testedAt && report ? { at: row.testedAt.toISOString(), report } : null,
  }
}

const toView = ({ of, subject, validToMs }: QuorumCertificate, nowMs: number) => ({
  of,
  subject,
  expiry: describeExpiry(validToMs, nowMs),
  endsSoon: expiresSoon(validToMs, nowMs),
})

interface SettingsRow extends QuorumRow {
  readonly peerCertificate: unknown
  readonly enabled: boolean
  readonly baseHours: number
  readonly lagMsMax: number
  readonly revision: number
  readonly enabledByName: string | null
  readonly enabledAt: Date | null
}

function toSettingsView(row: SettingsRow | null, nowMs: number): FollowSettingsView {
  return {
    enabled: row?.enabled ?? false,
    quorumServers: (row?.quorumServers ?? '').replaceAll(',', '\n'),
    tlsMode: (['cluster', 'own'] as const).find((known) => known === row?.tlsMode) ?? 'off',
    tlsCa: row?.tlsCa ?? null,
    tlsCert: row?.tlsCert ?? null,
    hasTlsKey: row !== null && row.tlsKey !== null,
    tlsCertificates: row === null ? [] : listQuorumCertificates(row).map((each) => toView(each, nowMs)),
    tlsCheckName: row?.tlsCheckName ?? true,
    baseHours: row?.baseHours ?? BASE_HOURS.default,
    lagSecondsMax: row === null ? LAG_SECONDS.default : Math.round(row.lagMsMax / 1000),
    revision: row?.revision ?? 0,
    enabledByName: row?.enabledByName ?? null,
    enabledAt: row?.enabledAt?.toISOString() ?? null,
  }
}

async function listKeptPlaces(
  context: ServiceContext,
  clusterId: string,
  row: { readonly lastZxid: bigint | null; readonly lastTxnAt: Date | null },
): Promise<KeptPlaceView[]> {
  if (row.lastZxid === null) return []
  const stores = await listLogStores(context, clusterId)
  const here: KeptPlaceView = {
    storeId: null,
    name: 'The host that hears it',
    through: formatHex64(row.lastZxid),
    at: row.lastTxnAt?.toISOString() ?? null,
    behindMs: 0,
    bases: stores.find(({ isBuiltIn }) => isBuiltIn)?.bases ?? 0,
    error: null,
  }
  const places = stores.filter(({ isBuiltIn }) => !isBuiltIn)
  return [
    here,
    ...places.map(({ storeId, storeName: name, last: through, lastAt: at, behindMs, bases, error }): KeptPlaceView => {
      return { storeId, name, through, at, behindMs, bases, error }
    }),
  ]
}
