import { describeExpiry } from '../../base/certificate-expiry.ts'
import { countOf } from '../../base/count-of.ts'
import { countMissing } from '../../domain/alerts/judge-workers.ts'
import type { RuleId } from '../../domain/alerts/rules.ts'
import { describeAge, type Finding, isOn, type Look, type LookContext } from './finding.ts'
import { UNNAMED_TOKEN } from './name-tokens.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const TOKENS_MAX = 500
/** A token that nothing has used for so long is missed by nobody when it ends. */
const IN_USE_MS = 30 * DAY_MS

/** Of the installation: looked at only where the rule is on. */
function lookOf(
  rule: RuleId,
  find: (look: LookContext) => Promise<readonly Omit<Finding, 'rule' | 'cluster'>[]>,
): Look {
  return {
    rules: [rule],
    find: async (look) =>
      isOn(look, rule, null) ? (await find(look)).map((each) => ({ ...each, rule, cluster: null })) : [],
  }
}

const minutesOf = ({ settingsOf }: LookContext, rule: RuleId) =>
  (settingsOf(rule, null).numbers.minutes ?? 30) * MINUTE_MS

/** Long-lived ones are told days ahead; of a token that lives a week all the same not from its first day on. */
export const lookAtTokens = lookOf('token-expiring', async (look) => {
  const days = look.settingsOf('token-expiring', null).numbers.days ?? 14
  const tokens = await look.context.db.apiToken.findMany({
    where: {
      revokedAt: null,
      expiresAt: { gt: new Date(look.nowMs - 7 * DAY_MS), lte: new Date(look.nowMs + days * DAY_MS) },
      lastUsedAt: { gt: new Date(look.nowMs - IN_USE_MS) },
    },
    orderBy: [{ expiresAt: 'asc' }, { id: 'asc' }],
    take: TOKENS_MAX,
    select: { id: true, createdAt: true, expiresAt: true },
  })
  return tokens.flatMap(({ id, createdAt, expiresAt }) => {
    const leftMs = expiresAt.getTime() - look.nowMs
    const lifeMs = expiresAt.getTime() - createdAt.getTime()
    if (leftMs > lifeMs / 4) return []
    const text = `${UNNAMED_TOKEN}, which is in use, ${describeExpiry(expiresAt.getTime(), look.nowMs)}`
    const ended = leftMs <= 0 ? ({ severity: 'critical' } as const) : {}
    return [{ subject: id, about: 'account' as const, aboutId: id, text, ...ended }]
  })
})

export const lookAtAuditChain = lookOf('audit-broken', async (look) => {
  const watch = await look.context.db.auditWatch.findUnique({ where: { id: 1 }, select: { problemCount: true } })
  const problems = watch?.problemCount ?? 0
  if (problems === 0) return []
  const text = `The audit is not what was written: ${countOf(problems, 'problem')} in its chain`
  return [{ subject: '', about: 'audit', text }]
})

export const lookAtForwards = lookOf('forward-failing', async (look) => {
  const rows = await look.context.db.auditForward.findMany({ where: { enabled: true, failures: { gt: 0 } } })
  return rows.map(({ id, failures }) => ({
    subject: id,
    about: 'audit' as const,
    text: `The ${id} receiver of the audit takes no entries: ${countOf(failures, 'try', 'tries')} failed in a row`,
  }))
})

export const lookAtWorkers = lookOf('worker-missing', async (look) => {
  const least = look.settingsOf('worker-missing', null).numbers.least ?? null
  const rows = await look.context.db.workerHeartbeat.findMany({ select: { startedAt: true, seenAt: true } })
  const signs = rows.map((row) => ({ startedAtMs: row.startedAt.getTime(), seenAtMs: row.seenAt.getTime() }))
  const { alive, missing } = countMissing(signs, look.nowMs, least)
  if (missing === 0) return []
  const text = `${countOf(missing, 'worker')} missing: ${alive} ${alive === 1 ? 'is' : 'are'} alive`
  return [{ subject: '', about: 'overview', text }]
})

/** The alert goes to the other channels; and to this one, which gets it when it takes notices again. */
export const lookAtChannels = lookOf('channel-failing', async (look) => {
  const before = new Date(look.nowMs - minutesOf(look, 'channel-failing'))
  const rows = await look.context.db.alertChannel.findMany({
    where: { enabled: true, failures: { gt: 0 }, failingSince: { lte: before } },
    select: { id: true, name: true, failingSince: true },
  })
  return rows.map(({ id, name, failingSince }) => ({
    subject: id,
    about: 'channels' as const,
    text: `The channel ${name} takes no notices${failingSince ? ` for ${describeAge(look.nowMs - failingSince.getTime())}` : ''}`,
  }))
})
