import type { Member } from '../../adapters/members/members.ts'
import { readServerSettings, type ServerSettings } from '../../domain/retention/server-settings.ts'
import { findTriggers, timesTo } from '../../domain/retention/snapshot-trigger.ts'
import { joinPlaces, type ServerPlace } from '../clusters/admin-places.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import type { ErrorView } from '../error-view.ts'
import { parseInput } from '../parse-input.ts'
import { adviseInterval, type MeasuredMember } from './advise-interval.ts'
import { type AdminAnswer, askAdmin } from './ask-admin.ts'
import { type LogsMeasure, measureLogs } from './measure-logs.ts'
import { type MemberFiles, readMemberFiles } from './read-member-files.ts'
import { readZooCfg } from './read-zoo-cfg.ts'
import { retentionInputSchema } from './schemas.ts'
import { toDirectoryView } from './to-directory-view.ts'
import { toFault } from './to-fault.ts'
import type { MemberRetentionView, RetentionView, TriggerView } from './views.ts'

/** Of logs, for all members together: a page is waited for. */
const MEASURED_BYTES_MAX = 96 << 20

/**
 * What each member holds, what a purge would leave of it, and what a backup interval loses. Reads only. A member that cannot be reached is told
 * beside the others. Throws NOT_FOUND.
 */
export async function getRetention(
  context: ServiceContext,
  input: { readonly clusterId: string; readonly everyMinutes?: number },
): Promise<RetentionView> {
  const { clusterId, everyMinutes } = parseInput(retentionInputSchema, input)
  const targets = await getAdminTargets(context, clusterId)
  const { members, fault } = await findMembers(context, clusterId)
  const places = joinPlaces(members, targets)
  const bytesMax = Math.floor(MEASURED_BYTES_MAX / Math.max(1, members.length))
  const read = await Promise.all(places.map((place) => readPlace(context, place, bytesMax)))
  return {
    readAt: new Date(context.clock.now()).toISOString(),
    members: read.map(({ view }) => view),
    membersFault: fault,
    advisor: await adviseInterval(context, {
      clusterId,
      everyMinutes,
      members: read.flatMap(({ measured }) => (measured ? [measured] : [])),
    }),
  }
}

async function findMembers(
  context: ServiceContext,
  clusterId: string,
): Promise<{ members: readonly Member[]; fault: ErrorView | null }> {
  try {
    return { members: await listClusterMembers(context, clusterId), fault: null }
  } catch (error) {
    return { members: [], fault: toFault(error) }
  }
}

async function readPlace(
  context: ServiceContext,
  { name, member, target }: ServerPlace,
  bytesMax: number,
): Promise<{ view: MemberRetentionView; measured: MeasuredMember | null }> {
  const [answer, files] = await Promise.all([
    target === null ? null : askAdmin(context, target),
    member === null ? null : readFiles(context, member, bytesMax),
  ])
  const told = answer?.told ?? { properties: null, zooCfg: null }
  const settings = readServerSettings({ ...told, zooCfg: told.zooCfg ?? (await readZooCfg(context, member)) })
  const base = { name, admin: toAdmin(answer), settings }
  if (files === null || 'fault' in files) {
    const directory = files === null ? ({ kind: 'none' } as const) : ({ kind: 'fault', fault: files.fault } as const)
    return { view: { ...base, directory, trigger: toTrigger(settings, null, null) }, measured: null }
  }
  const trigger = toTrigger(settings, files.measure, files.found)
  return {
    view: {
      ...base,
      directory: { kind: 'read', ...toDirectoryView(files.found, files.measure, settings, trigger) },
      trigger,
    },
    measured: { name, settings, trigger, measure: files.measure, newestLog: files.found.logs[0]?.file.name ?? null },
  }
}

const toAdmin = (answer: AdminAnswer | null) => answer?.view ?? null

async function readFiles(
  context: ServiceContext,
  member: Member,
  bytesMax: number,
): Promise<{ found: MemberFiles; measure: LogsMeasure } | { fault: ErrorView }> {
  const { signal } = context
  try {
    const found = await readMemberFiles(member, { signal })
    // What someone has parked there holds the same transactions a second time.
    const logs = found.logs.filter(({ file }) => !file.isParked)
    return { found, measure: await measureLogs(logs, { bytesMax, signal }) }
  } catch (error) {
    return { fault: toFault(error) }
  }
}

/** The newest log is the one that was begun at the last roll. */
function toTrigger(settings: ServerSettings, measure: LogsMeasure | null, found: MemberFiles | null): TriggerView {
  const triggers = findTriggers({
    snapCount: settings.snapCount.value,
    snapSizeLimitKb: settings.snapSizeLimitKb.value,
    preAllocKb: settings.preAllocKb.value,
  })
  const rate = measure?.total?.mean ?? null
  const newest = found?.logs.find(({ file }) => !file.isParked)?.file.name
  const log = newest === undefined ? undefined : measure?.byName.get(newest)
  const sinceRoll = log === undefined ? null : { txns: log.txns, bytes: log.bytes, isWhole: log.isWhole }
  return {
    ...triggers,
    sinceRoll,
    nextMs: rate === null || sinceRoll === null ? null : timesTo(triggers, rate, sinceRoll),
    betweenMs: rate === null ? null : timesTo(triggers, rate),
  }
}
