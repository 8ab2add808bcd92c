import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { readAdminFacts } from '../engine/read-admin-facts.ts'
import { assertActorCan } from '../gate.ts'
import { getAdminTargets } from './admin-servers.ts'
import { getClusterForWriting } from './armed.ts'
import type { AdminServerTestView } from './views.ts'

/** Asks each stored AdminServer for its state. Takes no snapshot: that would write a file on the server. */
export async function testAdminServers(context: ServiceContext, clusterId: string): Promise<AdminServerTestView[]> {
  const cluster = await getClusterForWriting(context, clusterId)
  await assertActorCan(context, { action: 'cluster.test-admin-servers', cluster })
  const targets = await getAdminTargets(context, clusterId)
  return Promise.all(
    targets.map(async (target): Promise<AdminServerTestView> => {
      try {
        const { version, state, zxid, warnings } = await readAdminFacts(context, target)
        return {
          url: target.url,
          ok: true,
          version,
          state,
          zxid: formatHex64(zxid),
          canSnapshot: canSnapshot(version),
          warnings,
        }
      } catch (error) {
        if (!isArkeeperError(error)) throw error
        return { url: target.url, ok: false, message: error.message, remedy: error.remedy ?? null }
      }
    }),
  )
}

/** The command came with 3.9.0. */
export function canSnapshot(version: string | null): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major > 3 || (major === 3 && minor >= 9)
}
