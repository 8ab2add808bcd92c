import { z } from 'zod'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { type ClusterLogs, openLogs } from './cluster-logs.ts'
import { listDamagedPieces, listLogStores } from './list-log-stores.ts'
import { LOG_KEEPING_SECONDS } from './schemas.ts'
import type { LogKeepingView } from './views.ts'

const coverageSchema = z.array(
  z.object({ member: z.string(), logs: z.number(), first: z.string().nullable(), error: z.string().nullable() }),
)

/** What is kept, by the files themselves, and how the keeping goes. Throws NOT_FOUND. */
export async function getLogKeeping(context: ServiceContext, clusterId: string): Promise<LogKeepingView> {
  const cluster = await getClusterForWriting(context, clusterId)
  const row = await context.db.logKeeping.findUnique({ where: { clusterId } })
  return {
    enabled: row?.enabled ?? false,
    everySeconds: row?.everySeconds ?? LOG_KEEPING_SECONDS.default,
    lastRunAt: row?.lastRunAt?.toISOString() ?? null,
    lastOkAt: row?.lastOkAt?.toISOString() ?? null,
    error: parseErrorView(parseJson(row?.error ?? null)),
    coverage: coverageSchema.safeParse(parseJson(row?.coverage ?? null)).data ?? [],
    archive: await describeArchive(await openLogs(context, cluster)),
    members: await namesOfMembers(context, clusterId),
    stores: await listLogStores(context, clusterId),
    damaged: await listDamagedPieces(context, clusterId),
  }
}

function describeArchive({ archived: { segments, gaps, problems } }: ClusterLogs): LogKeepingView['archive'] {
  const first = segments[0]
  const last = segments.at(-1)
  return {
    pieces: segments.length,
    transactions: segments.reduce((sum, segment) => sum + segment.transactions, 0),
    bytes: segments.reduce((sum, segment) => sum + (segment.sealed ?? segment).bytes, 0),
    first: first ? formatHex64(first.first) : null,
    last: last ? formatHex64(last.last) : null,
    firstAt: first ? new Date(first.minTimeMs).toISOString() : null,
    lastAt: last ? new Date(last.maxTimeMs).toISOString() : null,
    gaps: gaps.map(({ after, before }) => ({ after: formatHex64(after), before: formatHex64(before) })),
    problems: problems.map(({ message }) => message),
  }
}

/** A configuration file with faults is told where logs are switched on; here it only means that no member is known. */
async function namesOfMembers(context: ServiceContext, clusterId: string): Promise<string[]> {
  try {
    return (await listClusterMembers(context, clusterId)).map(({ name }) => name)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return []
  }
}

/** Our own text; of another version's it may be none of ours. */
function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch (_notJson) {
    return null
  }
}
