import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Told, ZnodeState } from '../../domain/txnlog/znode-state.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import type { ServiceContext } from '../context.ts'
import { isSoundSomewhere, listClusterBases, withClusterBase } from './cluster-bases.ts'

/** One znode as a base of the stream has it. */
export interface AtBase {
  readonly zxid: bigint
  readonly state: ZnodeState
}

/**
 * What the newest base before a transaction tells of a znode: most znodes of a cluster were made long before its log begins. One block of the
 * archive is read. Null: there is no such base, or none that can be read.
 */
export async function readAtBase(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  { path, before }: { readonly path: string; readonly before: bigint },
): Promise<AtBase | null> {
  const bases = await listClusterBases(context, cluster)
  const base = bases.find((one) => one.zxid < before && isSoundSomewhere(one))
  if (base === undefined) return null
  try {
    const state = await withClusterBase(context, base, async (dir) => {
      const reader = await context.archives.open(dir)
      try {
        return toState(await reader.get(path, { signal: context.signal }))
      } finally {
        await reader.close()
      }
    })
    return state && { zxid: base.zxid, state }
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    context.log.info({ base: formatHex64(base.zxid), error: formatErrorLine(error) }, 'A base did not tell of a znode')
    return null
  }
}

function toState(reading: ZnodeReading): ZnodeState | null {
  if (reading.kind === 'missing') return { kind: 'absent' }
  if (reading.kind !== 'found') return null
  const { data, acl, kind, ttlMs, stat } = reading.znode
  return {
    kind: 'present',
    data: known(data),
    acl: known(acl),
    znodeKind: kind === 'unknown' ? { kind: 'unknown', why: 'logs-begin' } : known({ kind, ttlMs }),
    version: known(stat.version),
  }
}

const known = <T>(value: T): Told<T> => ({ kind: 'known', value })
