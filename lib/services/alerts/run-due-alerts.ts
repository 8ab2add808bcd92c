import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { holdMinutesOf, isRuleId, isSeverity, type RuleId, ruleOf } from '../../domain/alerts/rules.ts'
import { type AlertMemory, type AlertTiming, stepAlert } from '../../domain/alerts/step-alert.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks, type Transaction } from '../gate.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { readRepeatHours } from './alert-settings.ts'
import { type Finding, keyOf, type LookContext } from './finding.ts'
import { LOOKS } from './looks.ts'
import { loadSettings, type SettingsOf } from './rule-settings.ts'
import { writeNotices } from './write-notices.ts'

const ROW = 1
const EVERY_MS = 60_000
/** Far longer than a look at a thousand clusters takes. */
const LEASE_MS = 5 * 60_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** What is over is of interest for a year; its notices go with it. */
const HISTORY_MS = 366 * 24 * HOUR_MS

/**
 * One look at every rule, when it is due, as `owner`; always false: there is nothing more to do at once. Several workers may ask: the row
 * is taken by a guarded update. Should two look at once all the same (one was slow beyond its lease), every change of an alert is guarded
 * by its revision, and a new one by its key, so that each notice is written once.
 */
export async function runDueAlerts(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const row = await db.alertWatch.upsert({ where: { id: ROW }, create: { id: ROW, nextRunAt: now }, update: {} })
  // A clock that was ahead must not silence the alerts until then.
  const isAhead = row.nextRunAt.getTime() > now.getTime() + EVERY_MS
  if (row.nextRunAt > now && !isAhead) return false
  const { count } = await db.alertWatch.updateMany({
    where: { id: ROW, nextRunAt: row.nextRunAt, ...leaseIsFree(now) },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return false
  let faults: RuleFault[] = []
  try {
    faults = await evaluateAlerts(context)
    if (row.lastRunAt?.getUTCDate() !== now.getUTCDate()) {
      const before = new Date(now.getTime() - HISTORY_MS)
      await db.alert.deleteMany({ where: { state: 'resolved', resolvedAt: { lt: before } } })
    }
  } finally {
    const ended = clock.now()
    await db.alertWatch.updateMany({
      where: { id: ROW, leaseOwner: owner },
      data: {
        leaseOwner: null,
        leaseUntil: null,
        lastRunAt: now,
        durationMs: Math.max(0, Math.round(ended - now.getTime())),
        faults: faults as unknown as Prisma.InputJsonArray,
        nextRunAt: new Date(now.getTime() + EVERY_MS),
      },
    })
  }
  return false
}

export interface RuleFault {
  readonly rule: string
  readonly message: string
}

/** Looks, and carries each alert on by what was found. Gives the rules of which nothing could be found out. */
export async function evaluateAlerts(context: ServiceContext): Promise<RuleFault[]> {
  const { db } = context
  const rows = await db.cluster.findMany({ where: { removedAt: null }, select: { id: true, name: true } })
  const unknown = new Set<string>()
  const unknownAt = (rule: string, clusterId: string | null) => `${rule}|${clusterId ?? ''}`
  const look: LookContext = {
    context,
    clusters: new Map(rows.map((row) => [row.id, row])),
    settingsOf: await loadSettings(context),
    nowMs: context.clock.now(),
    markUnknown: (rule, clusterId) => unknown.add(unknownAt(rule, clusterId)),
  }
  const found = new Map<string, Finding>()
  const faults: RuleFault[] = []
  for (const { rules, find } of LOOKS) {
    try {
      for (const finding of await find(look)) found.set(keyOf(finding), finding)
    } catch (error) {
      const message = formatErrorLine(error)
      context.log.warn({ rules, error: message }, 'Rules of alerts could not be looked at')
      faults.push(...rules.map((rule) => ({ rule, message })))
    }
  }
  const faulty = new Set(faults.map(({ rule }) => rule))
  const repeatMs = (await readRepeatHours(context)) * HOUR_MS
  const open = await db.alert.findMany({ where: { openKey: { not: null } }, orderBy: { id: 'asc' } })
  const openKeys = new Set(open.map(({ key }) => key))
  for (const alert of open) {
    const isUnknown = faulty.has(alert.rule) || unknown.has(unknownAt(alert.rule, alert.clusterId))
    const endedBecause = whyEnded(look, alert)
    if (isUnknown && !found.has(alert.key) && endedBecause === null) continue
    await carryOn(context, look, alert, { finding: found.get(alert.key) ?? null, endedBecause, repeatMs })
  }
  for (const [key, finding] of found) if (!openKeys.has(key)) await begin(context, look, key, finding, repeatMs)
  return faults
}

/** Not because the fault is gone: because nobody asks for it any more. */
function whyEnded(look: LookContext, { rule, clusterId }: AlertRow): string | null {
  if (clusterId !== null && !look.clusters.has(clusterId)) return 'the cluster was removed'
  return isRuleId(rule) && look.settingsOf(rule, clusterId).enabled ? null : 'the rule was switched off'
}

type AlertRow = NonNullable<Awaited<ReturnType<ServiceContext['db']['alert']['findFirst']>>>

async function begin(context: ServiceContext, look: LookContext, key: string, finding: Finding, repeatMs: number) {
  const { rule, cluster } = finding
  const severity = severityOf(look.settingsOf, finding)
  const timing = timingOf(look.settingsOf, rule, cluster?.id ?? null, repeatMs)
  const step = stepAlert(null, { severity }, timing, look.nowMs)
  if (step.kind !== 'keep') return
  const alert = {
    id: context.newId(),
    key,
    openKey: key,
    rule,
    clusterId: cluster?.id ?? null,
    clusterName: cluster?.name ?? null,
    ...wordsOf(finding),
    ...toColumns(step.memory),
  }
  await write(context, async (tx) => {
    await tx.alert.create({ data: alert, select: { id: true } })
    if (step.notice) await writeNotices(tx, context, { ...alert, resolvedAt: null }, step.notice)
  })
}

async function carryOn(
  context: ServiceContext,
  look: LookContext,
  alert: AlertRow,
  by: { readonly finding: Finding | null; readonly endedBecause: string | null; readonly repeatMs: number },
) {
  const { finding, endedBecause, repeatMs } = by
  const rule = isRuleId(alert.rule) ? alert.rule : null
  const timing =
    rule === null || endedBecause !== null
      ? { holdMs: 0, clearMs: 0, repeatMs }
      : timingOf(look.settingsOf, rule, alert.clusterId, repeatMs)
  const before = toMemory(alert)
  const severity = finding && severityOf(look.settingsOf, finding)
  const step = stepAlert(before, severity && { severity }, timing, look.nowMs)
  const guard = { id: alert.id, revision: alert.revision }
  if (step.kind === 'forget') {
    await write(context, async (tx) => {
      await tx.alert.deleteMany({ where: { ...guard, state: 'pending' } })
    })
  } else if (step.kind === 'resolve') {
    const resolved = { state: 'resolved', openKey: null, resolvedAt: new Date(look.nowMs), endedBecause }
    await write(context, async (tx) => {
      const { count } = await tx.alert.updateMany({ where: guard, data: { ...resolved, revision: { increment: 1 } } })
      if (count === 0 || !step.notice) return
      const text = endedBecause === null ? alert.text : `${alert.text}. Over because ${endedBecause}`
      await writeNotices(tx, context, { ...alert, ...resolved, text }, step.notice)
    })
  } else if (step.kind === 'keep') {
    const changed = { ...toColumns(step.memory), ...(finding ? wordsOf(finding) : {}) }
    if (step.notice === null && isSame(alert, changed)) return
    await write(context, async (tx) => {
      const { count } = await tx.alert.updateMany({ where: guard, data: { ...changed, revision: { increment: 1 } } })
      if (count > 0 && step.notice) await writeNotices(tx, context, { ...alert, ...changed }, step.notice)
    })
  }
}

/** Somebody else was first with the same alert: then it is theirs, with its notices. */
async function write(context: ServiceContext, work: (tx: Transaction) => Promise<void>): Promise<void> {
  try {
    await keepBooks(context, { action: 'alert.evaluate' }, work)
  } catch (error) {
    if (!isTaken(error)) throw error
  }
}

const isTaken = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'P2002'

function severityOf(settingsOf: SettingsOf, { rule, cluster, severity }: Finding) {
  return severity ?? settingsOf(rule, cluster?.id ?? null).severity
}

function timingOf(settingsOf: SettingsOf, rule: RuleId, clusterId: string | null, repeatMs: number): AlertTiming {
  const settings = settingsOf(rule, clusterId)
  return {
    holdMs: holdMinutesOf(rule, settings) * MINUTE_MS,
    clearMs: ruleOf(rule).clearMinutes * MINUTE_MS,
    repeatMs,
  }
}

const wordsOf = ({ rule, about, aboutId, text }: Finding) => ({
  title: ruleOf(rule).title,
  text: text.replaceAll('\0', '\ufffd').toWellFormed(),
  about,
  aboutId: aboutId ?? null,
})

const toDate = (ms: number | null) => (ms === null ? null : new Date(ms))

/** A silence is not among them: only people set it, and the revision keeps it. */
function toColumns({ state, severity, sinceMs, firedAtMs, clearSinceMs, lastNoticeAtMs }: AlertMemory) {
  return {
    state,
    severity,
    since: new Date(sinceMs),
    firedAt: toDate(firedAtMs),
    clearSince: toDate(clearSinceMs),
    lastNoticeAt: toDate(lastNoticeAtMs),
  }
}

function toMemory(alert: AlertRow): AlertMemory {
  const isSilent = alert.acknowledgedAt !== null
  return {
    state: alert.state === 'firing' ? 'firing' : 'pending',
    severity: isSeverity(alert.severity) ? alert.severity : 'critical',
    sinceMs: alert.since.getTime(),
    firedAtMs: alert.firedAt?.getTime() ?? null,
    clearSinceMs: alert.clearSince?.getTime() ?? null,
    lastNoticeAtMs: alert.lastNoticeAt?.getTime() ?? null,
    silentUntilMs: isSilent ? (alert.silentUntil?.getTime() ?? Number.POSITIVE_INFINITY) : null,
  }
}

function isSame(alert: AlertRow, changed: Record<string, unknown>): boolean {
  const plain = (value: unknown) => (value instanceof Date ? value.getTime() : value)
  const known: Record<string, unknown> = { ...alert }
  return Object.entries(changed).every(([name, value]) => plain(known[name]) === plain(value))
}
