import type { AdminJson, AdminObject, AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { AdminServerError } from '../../adapters/adminserver/errors.ts'
import type { EngineContext } from '../context.ts'

export interface AdminFacts {
  /** `3.9.4`; null where the answer has none. */
  readonly version: string | null
  /** Last zxid that this server has applied. */
  readonly zxid: bigint
  /** `leader`, `follower`, `observer`, `standalone`, `read-only`. */
  readonly state: string | null
  readonly dataDirBytes: number | null
  readonly logDirBytes: number | null
  readonly warnings: readonly string[]
}

/** What `server_stats` of one AdminServer says. Throws AdminServerError. */
export async function readAdminFacts(
  context: Pick<EngineContext, 'adminServers' | 'signal'>,
  admin: AdminTarget,
): Promise<AdminFacts> {
  const answer = await context.adminServers.ask(admin, 'server_stats', { signal: context.signal })
  const stats = toAdminObject(answer.server_stats) ?? answer
  const zxid = stats.last_processed_zxid
  if (typeof zxid !== 'number' && typeof zxid !== 'bigint') {
    throw new AdminServerError('ADMIN_MALFORMED', `${admin.url} did not say which zxid its server has applied`)
  }
  const version = versionOf(answer.version)
  return {
    version,
    zxid: BigInt(zxid),
    state: typeof stats.server_state === 'string' ? stats.server_state : null,
    dataDirBytes: typeof stats.data_dir_size === 'number' ? stats.data_dir_size : null,
    logDirBytes: typeof stats.log_dir_size === 'number' ? stats.log_dir_size : null,
    warnings: warningsOf(version, admin),
  }
}

/** `3.9.4` of what `version` says; null where it says none. */
export function versionOf(version: AdminJson | undefined): string | null {
  return typeof version === 'string' ? (/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? null) : null
}

/** Null for what is no object. */
export function toAdminObject(value: AdminJson | undefined): AdminObject | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  // Array.isArray does not narrow a readonly array away; it has just been ruled out.
  return isObject ? (value as AdminObject) : null
}

/** Known faults of the AdminServer's snapshot and restore, by version: CVE-2025-58457 and CVE-2024-51504. */
export function warningsOf(version: string | null, admin: Pick<AdminTarget, 'url' | 'auth'>): string[] {
  const [major, minor, patch] = (version ?? '').split('.').map(Number)
  const warnings: string[] = []
  if (major === 3 && minor === 9 && patch !== undefined) {
    if (patch <= 3) {
      warnings.push(
        `ZooKeeper ${version} lets clients without the needed permissions run snapshot and restore through the AdminServer (CVE-2025-58457): upgrade to 3.9.4, or close the port`,
      )
    }
    if (patch <= 2) {
      warnings.push(
        `ZooKeeper ${version} believes the header X-Forwarded-For when it checks addresses (CVE-2024-51504): do not rely on ip authentication; upgrade to 3.9.3 or newer`,
      )
    }
  }
  if (admin.auth?.scheme === 'digest' && admin.url.startsWith('http:') && !isLoopback(admin.url)) {
    warnings.push(
      'The password goes to the AdminServer in clear text: use https (admin.portUnification or admin.forceHttps)',
    )
  }
  return warnings
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
