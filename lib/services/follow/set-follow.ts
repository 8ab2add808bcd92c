import type { z } from 'zod'
import { parseHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import { assertMayPoint } from '../clusters/assert-may-point.ts'
import { checkTlsInput, describeTls, mergeTls, openTls } from '../clusters/cluster-tls.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { normalizeQuorumServers, QUORUM_COLUMNS, type QuorumRow } from './quorum-target.ts'
import { setFollowSchema } from './schemas.ts'

/** A column of JSON that says nothing. */
export const NO_ERROR = {}

type Input = z.output<typeof setFollowSchema>

/**
 * Where the quorum ports of a cluster are, and whether it is followed. Whoever hears a quorum port hears every value, whatever the ACLs say:
 * an administrator has to say that this is known. A stream that runs begins anew by what was changed; what is kept stays.
 */
export async function setFollow(context: ServiceContext, input: z.input<typeof setFollowSchema>): Promise<void> {
  const parsed = parseInput(setFollowSchema, input)
  const { clusterId, enabled, baseHours, reason } = parsed
  const quorumServers = normalizeQuorumServers(parsed.quorumServers)
  const { id, name } = await getClusterForWriting(context, clusterId)
  assertUsable(parsed, quorumServers)
  const known = await context.db.clusterFollow.findUnique({ where: { clusterId: id }, select: QUORUM_COLUMNS })
  // Data is read from wherever these addresses lead, as from those of the cluster itself.
  if ((known?.quorumServers ?? '') !== quorumServers && quorumServers !== '') {
    await assertMayPoint(context, { action: 'follow.set', cluster: { id, name } })
  }
  if (parsed.tls.kind === 'cluster') await assertSpeaksTls(context, id)
  const tls = toTls(context, parsed.tls, known)
  const now = new Date(context.clock.now())
  await mutate(context, { action: 'follow.set', cluster: { id, name }, reason: reason || null }, async (tx, record) => {
    const before = await tx.clusterFollow.findUnique({ where: { clusterId: id } })
    const set = { enabled, quorumServers, ...tls, baseHours, lagMsMax: parsed.lagSecondsMax * 1000 }
    const restored = takeRestored(before, parsed.restoredBehind)
    const isNewlyOn = enabled && !before?.enabled
    const begins = isNewlyOn
      ? {
          enabledById: context.actor.id,
          enabledByName: context.actor.name,
          enabledAt: now,
          transactions: 0,
          digestState: 'unknown',
          digestCompared: 0,
          digestParted: 0,
        }
      : {}
    const state = { state: enabled ? 'waiting' : 'off', stateSince: now, error: NO_ERROR, lagMs: null, rate: null }
    // What was tested were the ports of before, with the certificates of before.
    const isMoved = before?.quorumServers !== quorumServers || parsed.tls.kind !== 'keep'
    const untested = isMoved ? { testedAt: null, peerCertificate: NO_ERROR } : {}
    const after = await tx.clusterFollow.upsert({
      where: { clusterId: id },
      create: { clusterId: id, ...set, ...begins, state: state.state, stateSince: now, nextRunAt: now },
      update: {
        ...set,
        ...begins,
        ...state,
        ...untested,
        ...restored,
        deniedZxid: null,
        nextRunAt: now,
        revision: { increment: 1 },
      },
    })
    record({
      before: before ? toFacts(before) : { enabled: false },
      after: {
        ...toFacts(after),
        ...(parsed.restoredBehind === undefined ? {} : { restoredBehind: parsed.restoredBehind }),
      },
    })
  })
}

function assertUsable({ enabled, understood }: Input, quorumServers: string): void {
  if (enabled && quorumServers === '') {
    throw invalid('quorumServers', 'Name the quorum ports that the stream is to be heard from')
  }
  if (quorumServers !== '' && !understood) {
    throw invalid('understood', 'Say that you have read what this needs, costs and bypasses')
  }
}

/** Only of what the ensemble has just denied: said of anything else it would do nothing. */
function takeRestored(before: { readonly deniedZxid: bigint | null } | null, said: string | undefined) {
  if (said === undefined) return {}
  const denied = before?.deniedZxid ?? null
  if (denied !== null && parseHex64(said) === denied) return { restoredBehind: denied }
  throw new ServiceError('WRONG_STATE', `The ensemble does not deny ${said}, or not any more`, {
    unaffected: 'nothing was changed',
    remedy: 'look at how the stream goes now',
  })
}

async function assertSpeaksTls({ db }: ServiceContext, id: string): Promise<void> {
  const { tlsOn } = await db.cluster.findUniqueOrThrow({ where: { id }, select: { tlsOn: true } })
  if (!tlsOn) throw invalid('tlsMode', 'The client port is spoken to without TLS: it has no certificates to take')
}

function toTls(context: ServiceContext, input: Input['tls'], known: QuorumRow | null) {
  if (input.kind === 'keep') return {}
  const none = { tlsCa: null, tlsCert: null, tlsKey: null, tlsCheckName: true }
  if (input.kind !== 'on') return { tlsMode: input.kind, ...none }
  checkTlsInput(input)
  const keepsKey = input.key === '' && input.cert !== '' && known?.tlsMode === 'own'
  const merged = mergeTls(input, keepsKey ? openTls(context, { ...known, tlsOn: true }) : null)
  return {
    tlsMode: 'own',
    tlsCa: merged?.ca ?? null,
    tlsCert: merged?.cert ?? null,
    tlsKey: merged?.key == null ? null : context.secrets.seal(merged.key),
    tlsCheckName: merged?.checkName ?? true,
  }
}

function toFacts(row: Omit<QuorumRow, 'tlsKey'> & { enabled: boolean; baseHours: number; lagMsMax: number }) {
  const { enabled, quorumServers, tlsMode, baseHours, lagMsMax } = row
  const tls = tlsMode === 'own' ? describeTls({ ...row, tlsOn: true }) : tlsMode
  return { enabled, quorumServers, tls, baseHours, lagMsMax }
}

function invalid(field: string, message: string): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was changed',
    details: { fields: { [field]: message } },
  })
}
