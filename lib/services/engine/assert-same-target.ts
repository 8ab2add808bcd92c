import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { JournalState } from '../../domain/restore/journal.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { splitConnectString } from './connect-string.ts'
import { EngineError } from './errors.ts'
import type { StoredPlan } from './restore-directory.ts'

/**
 * Throws WRONG_TARGET when this is not where the plan belongs: another chroot gives its paths another meaning, and a cluster that has never
 * come as far as the run's own writes is another one, or was put back to a time before them.
 */
export async function assertSameTarget(
  known: { readonly plan: Pick<StoredPlan, 'connectString'>; readonly journal: JournalState | null },
  target: Pick<ClusterTarget, 'connectString'>,
  connection: Pick<ClusterConnection, 'sync'>,
): Promise<void> {
  const planned = splitConnectString(known.plan.connectString).chroot
  const { chroot } = splitConnectString(target.connectString)
  if (chroot !== planned) throw wrong(`The plan is for the chroot ${planned}, and this is ${chroot}`)
  let last = 0n
  for (const zxid of known.journal?.zxids ?? []) if (zxid > last) last = zxid
  if (last === 0n) return
  const now = await connection.sync(ROOT)
  if (now < last) {
    const at = `it is at zxid ${formatHex64(now)}, and the run has written at ${formatHex64(last)}`
    throw wrong(`The cluster does not hold what the run has written: ${at}`)
  }
}

function wrong(message: string): EngineError {
  return new EngineError('WRONG_TARGET', message, {
    unaffected: 'nothing was written',
    remedy: 'check the address of the cluster; if it was put back to an earlier state, plan again',
  })
}
