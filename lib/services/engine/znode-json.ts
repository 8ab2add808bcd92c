import { stringifyJson } from '../../base/json.ts'
import { toClientStat } from '../../domain/znode/stat.ts'
import type { Znode } from '../../domain/znode/znode.ts'

/**
 * A znode as the contract of the command line shows it, in its order of fields. `numChildren` is what a client would see. A value that is
 * hidden is left out, and `masked` says so.
 */
export function toZnodeJson(
  znode: Znode,
  numChildren: number,
  options: { readonly data: boolean; readonly hides?: (znode: Znode) => boolean },
): string {
  const { path, kind, ttlMs, data, acl, stat } = znode
  const isHidden = options.data && options.hides?.(znode) === true
  return stringifyJson({
    path,
    kind,
    ...(kind === 'ttl' ? { ttlMs } : {}),
    ...(options.data && !isHidden ? { data } : {}),
    ...(isHidden ? { masked: true } : {}),
    acl: acl.map(({ perms, scheme, id }) => ({ perms, scheme, id })),
    stat: toClientStat(stat, kind, { dataLength: data?.length ?? 0, numChildren }),
  })
}
