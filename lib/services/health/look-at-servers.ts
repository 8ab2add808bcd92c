import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { TlsSettings } from '../../adapters/zookeeper/connection.ts'
import type { HealthReport } from '../../adapters/zookeeper/server-reports.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { fillNumbers, type HealthNumbers, NO_NUMBERS, readMonitor } from '../../domain/health/read-monitor.ts'
import type { ServiceContext } from '../context.ts'
import { toAdminObject } from '../engine/read-admin-facts.ts'
import type { HealthPlace } from './find-places.ts'

/** Deadline of each question; a server is asked at most two by HTTP and two by four-letter words, one after the other. */
const ASK_TIMEOUT_MS = 3_000

type Context = Pick<ServiceContext, 'adminServers' | 'zookeeper' | 'signal' | 'log'>

/** What one server was found to be. */
export interface HealthLook {
  readonly server: string
  readonly ok: boolean
  readonly fault: string | null
  readonly faultMessage: string | null
  /** Why numbers are missing of one that serves. */
  readonly gap: 'MNTR_NOT_ALLOWED' | 'ADMIN_FAILED' | null
  readonly source: 'admin' | '4lw' | null
  readonly numbers: HealthNumbers
}

/** All servers side by side, each within a bounded time; nothing is thrown but CANCELLED. */
export async function lookAtServers(
  context: Context,
  places: readonly HealthPlace[],
  tls: TlsSettings | null,
): Promise<HealthLook[]> {
  return Promise.all(places.map((place) => lookAt(context, place, tls)))
}

async function lookAt(context: Context, place: HealthPlace, tls: TlsSettings | null): Promise<HealthLook> {
  const { server, client, target } = place
  const admin = target === null ? null : await askAdmin(context, server, target)
  if (admin !== null && (admin.source !== null || client === null)) return admin
  if (client === null) return failed(server, 'UNKNOWN_ADDRESS', 'no address of it is known')
  const [report] = await context.zookeeper.reports.health(
    { connectString: client, tls },
    { timeoutMs: ASK_TIMEOUT_MS, signal: context.signal },
  )
  const look = toLook(server, report)
  return admin !== null && look.ok ? { ...look, gap: 'ADMIN_FAILED', faultMessage: admin.faultMessage } : look
}

function toLook(server: string, report: HealthReport | undefined): HealthLook {
  if (report === undefined) return failed(server, 'UNKNOWN_ADDRESS', 'no address of it is known')
  if (report.kind === 'failed') return failed(server, report.code, report.message)
  const numbers = readMonitor(report.told)
  const found = { server, source: '4lw', numbers, gap: report.mntrAllowed ? null : 'MNTR_NOT_ALLOWED' } as const
  return { ...found, ...servingOf(numbers) }
}

/** `source` null: it was not reached, and may be asked in another way. */
async function askAdmin(context: Context, server: string, target: AdminTarget): Promise<HealthLook> {
  const options = { signal: context.signal, timeoutMs: ASK_TIMEOUT_MS }
  try {
    const monitor = readMonitor(await context.adminServers.ask(target, 'monitor', options))
    const numbers = fillNumbers(monitor, await askStats(context, target, options))
    return { server, source: 'admin', numbers, gap: null, ...servingOf(numbers) }
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    const { message } = error
    if (error.code === 'ADMIN_REFUSED' && message.includes('not currently serving')) {
      return {
        ...failed(server, 'NOT_SERVING', 'it runs but does not serve requests: it has no quorum'),
        source: 'admin',
      }
    }
    return failed(server, error.code, message)
  }
}

/** For the zxid, which `monitor` does not tell. */
async function askStats(
  context: Context,
  target: AdminTarget,
  options: { readonly signal?: AbortSignal; readonly timeoutMs: number },
): Promise<HealthNumbers> {
  try {
    const answer = await context.adminServers.ask(target, 'server_stats', options)
    return readMonitor({ ...answer, ...toAdminObject(answer.server_stats) })
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    context.log.debug({ error: formatErrorLine(error) }, 'An AdminServer did not tell its zxid')
    return NO_NUMBERS
  }
}

function servingOf({ role }: HealthNumbers): Pick<HealthLook, 'ok' | 'fault' | 'faultMessage'> {
  return role === null
    ? { ok: false, fault: 'NOT_SERVING', faultMessage: 'it answers, but has no role in the ensemble' }
    : { ok: true, fault: null, faultMessage: null }
}

function failed(server: string, fault: string, faultMessage: string): HealthLook {
  return { server, ok: false, fault, faultMessage, gap: null, source: null, numbers: NO_NUMBERS }
}
