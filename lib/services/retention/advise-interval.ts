import { BACKUP_KINDS, longestGaplessMs, seedInterval, worstLoss } from '../../domain/retention/backup-interval.ts'
import type { ServerSettings } from '../../domain/retention/server-settings.ts'
import type { WriteMeasure } from '../../domain/retention/write-rate.ts'
import { GOOD_BACKUP } from '../clusters/last-good-backup.ts'
import type { ServiceContext } from '../context.ts'
import type { LogsMeasure } from './measure-logs.ts'
import type { AdvisorView, LossView, RateView, TriggerView } from './views.ts'

const MINUTE_MS = 60_000

export interface MeasuredMember {
  readonly name: string
  readonly settings: ServerSettings
  readonly trigger: TriggerView
  readonly measure: LogsMeasure
  /** Still being written, so that its size says nothing yet. */
  readonly newestLog: string | null
}

/** Every member logs the same transactions, so the one of which most was read speaks for the cluster. */
export async function adviseInterval(
  context: Pick<ServiceContext, 'db'>,
  input: { readonly clusterId: string; readonly everyMinutes: number; readonly members: readonly MeasuredMember[] },
): Promise<AdvisorView> {
  const { everyMinutes } = input
  const best = [...input.members].sort((a, b) => txnsOf(b) - txnsOf(a))[0]
  const total = best?.measure.total ?? null
  if (best === undefined || total === null) {
    return { everyMinutes, rate: null, seed: null, trigger: null, losses: [], gapless: null }
  }
  const { mean } = total
  const { purgeIntervalHours, snapRetainCount } = best.settings
  return {
    everyMinutes,
    rate: toRateView(best, total),
    seed: toSeed(best, total),
    trigger: best.trigger,
    losses: mean === null ? [] : await toLosses(context, { ...input, total, mean }),
    gapless:
      purgeIntervalHours.value <= 0 || best.trigger.betweenMs === null
        ? null
        : {
            intervalMs: longestGaplessMs(snapRetainCount.value, best.trigger.betweenMs.min),
            retainCount: snapRetainCount.value,
          },
  }
}

const txnsOf = (member: MeasuredMember) => member.measure.total?.txns ?? 0

function toRateView(member: MeasuredMember, total: WriteMeasure): RateView {
  const { busiestMinute, firstMs, lastMs, ...numbers } = total
  const { atMs, ...busiest } = busiestMinute
  return {
    ...numbers,
    member: member.name,
    logs: member.measure.byName.size,
    isPartial: member.measure.isPartial,
    firstAt: new Date(firstMs).toISOString(),
    lastAt: new Date(lastMs).toISOString(),
    busiestMinute: { ...busiest, at: new Date(atMs).toISOString() },
  }
}

/** How long logs are: those that are complete say it; before there is one, it follows from the trigger. */
function toSeed(member: MeasuredMember, total: WriteMeasure): AdvisorView['seed'] {
  if (total.mean === null) return null
  const full = [...member.measure.byName.values()].filter(({ name, isWhole }) => isWhole && name !== member.newestLog)
  const byTxns = (total.bytes / total.txns) * member.trigger.txns.expected
  const expected = Math.min(byTxns, member.trigger.bytes?.expected ?? Number.POSITIVE_INFINITY)
  const logBytes =
    full.length > 0 ? full.reduce((bytes, log) => bytes + log.bytes, 0) / full.length : Math.max(1, expected)
  const intervalMs = seedInterval(logBytes, total.mean)
  return intervalMs === null ? null : { intervalMs, logBytes, basis: full.length > 0 ? 'logs' : 'expected' }
}

async function toLosses(
  context: Pick<ServiceContext, 'db'>,
  input: {
    readonly clusterId: string
    readonly everyMinutes: number
    readonly total: WriteMeasure
    readonly mean: NonNullable<WriteMeasure['mean']>
  },
): Promise<LossView[]> {
  const { busiestMinute } = input.total
  const peak = {
    txnsPerMs: Math.max(busiestMinute.txns / MINUTE_MS, input.mean.txnsPerMs),
    bytesPerMs: Math.max(busiestMinute.bytes / MINUTE_MS, input.mean.bytesPerMs),
  }
  const intervalMs = input.everyMinutes * MINUTE_MS
  return Promise.all(
    BACKUP_KINDS.map(async (kind): Promise<LossView> => {
      const last = await context.db.backup.findFirst({
        where: { ...GOOD_BACKUP, clusterId: input.clusterId, source: kind },
        orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
        select: { durationMs: true },
      })
      const common = { kind, intervalMs, backupMs: last?.durationMs ?? 0 }
      return {
        kind,
        backupMs: last?.durationMs ?? null,
        mean: worstLoss({ ...common, rate: input.mean }),
        busiest: worstLoss({ ...common, rate: peak }),
      }
    }),
  )
}
