import type { AdminObject, AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import type { ToldSettings } from '../../domain/retention/server-settings.ts'
import type { ServiceContext } from '../context.ts'
import { readAdminFacts } from '../engine/read-admin-facts.ts'
import { toFault } from './to-fault.ts'
import type { AdminRetentionView } from './views.ts'

type Context = Pick<ServiceContext, 'adminServers' | 'signal' | 'log'>

export interface AdminAnswer {
  readonly view: AdminRetentionView
  readonly told: ToldSettings
}

const NOTHING_TOLD: ToldSettings = { properties: null, zooCfg: null }

/** What one AdminServer tells about files and settings. A server that cannot be asked is an answer; a command that it lacks leaves a gap. */
export async function askAdmin(context: Context, target: AdminTarget): Promise<AdminAnswer> {
  try {
    const facts = await readAdminFacts(context, target)
    const [snapshot, config, zooCfg, properties, monitor] = await Promise.all(
      ['last_snapshot', 'configuration', 'initial_configuration', 'system_properties', 'monitor'].map((command) =>
        askOrNull(context, target, command),
      ),
    )
    const text = zooCfg?.initial_configuration
    const { data_dir: dataDir, data_log_dir: logDir } = config ?? {}
    return {
      view: {
        url: target.url,
        ok: true,
        version: facts.version,
        state: facts.state,
        zxid: formatHex64(facts.zxid),
        warnings: facts.warnings,
        digestMismatches: toCount(monitor?.digest_mismatches_count),
        lastSnapshot: toLastSnapshot(snapshot ?? null),
        snapshotDirBytes: facts.dataDirBytes,
        logDirBytes: facts.logDirBytes,
        isOneDirectory: typeof dataDir === 'string' && typeof logDir === 'string' ? dataDir === logDir : null,
      },
      told: { properties: properties ?? null, zooCfg: typeof text === 'string' ? text : null },
    }
  } catch (error) {
    return { view: { url: target.url, ok: false, fault: toFault(error) }, told: NOTHING_TOLD }
  }
}

async function askOrNull(context: Context, target: AdminTarget, command: string): Promise<AdminObject | null> {
  try {
    return await context.adminServers.ask(target, command, { signal: context.signal })
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    context.log.debug({ code: error.code, command }, 'An AdminServer did not answer a command')
    return null
  }
}

/** -1, as an unsigned number, stands for none. */
function toLastSnapshot(answer: AdminObject | null): { zxid: string; at: string } | null {
  const zxid = typeof answer?.zxid === 'string' ? parseHex64(answer.zxid) : null
  const seconds = answer?.timestamp
  if (zxid === null || zxid < 0n || typeof seconds !== 'number' || seconds <= 0) return null
  return { zxid: formatHex64(zxid), at: new Date(seconds * 1000).toISOString() }
}

function toCount(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null
}
