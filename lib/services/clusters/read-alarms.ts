import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { versionOf, warningsOf } from '../engine/read-admin-facts.ts'
import { listAdminPlaces } from './admin-places.ts'
import type { ClusterAlarmView } from './views.ts'

const ASK_TIMEOUT_MS = 3_000

/** What the AdminServers of a cluster say that needs a person. Nothing is thrown and nobody waits long: it comes with the status. */
export async function readAlarms(context: ServiceContext, clusterId: string): Promise<ClusterAlarmView[]> {
  try {
    const places = await listAdminPlaces(context, clusterId)
    const found = await Promise.all(
      places.flatMap(({ name, target }) => (target === null ? [] : [alarmsOf(context, name, target)])),
    )
    return found.flat()
  } catch (error) {
    context.log.debug({ error: formatErrorLine(error) }, 'The AdminServers were not asked for alarms')
    return []
  }
}

async function alarmsOf(context: ServiceContext, server: string, target: AdminTarget): Promise<ClusterAlarmView[]> {
  try {
    const answer = await withDeadline(
      context.adminServers.ask(target, 'monitor', { signal: context.signal, timeoutMs: ASK_TIMEOUT_MS }),
      { what: 'An AdminServer', timeoutMs: ASK_TIMEOUT_MS, signal: context.signal },
    )
    // A password in clear text is the connection test's to say: it is a matter of our settings, not of the server.
    const withoutAuth = { url: target.url, auth: null }
    const mismatches = answer.digest_mismatches_count
    const alarms: ClusterAlarmView[] = warningsOf(versionOf(answer.version), withoutAuth).map((text) => ({
      server,
      kind: 'flaw',
      text,
    }))
    if (typeof mismatches === 'number' && mismatches > 0) {
      const text = `its tree was not what a snapshot or a transaction said it should be, ${mismatches === 1 ? 'once' : `${mismatches} times`} since it started`
      alarms.push({ server, kind: 'digest', text })
    }
    return alarms
  } catch (error) {
    // Whether it answers is the connection test's to say.
    context.log.debug({ error: formatErrorLine(error), server }, 'An AdminServer did not answer')
    return []
  }
}
