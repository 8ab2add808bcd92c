import { formatUtc } from '@/app/_ui/format-time.ts'
import { parseTreeRef } from '@/lib/services/tree/tree-ref.ts'

export interface TreeOption {
  readonly ref: string
  readonly label: string
  readonly clusterId: string
}

/** What a tree can be chosen from: live clusters first, then moments that the page's address names, then the backups of each cluster. */
export interface TreeChoices {
  readonly live: readonly TreeOption[]
  readonly moments: readonly TreeOption[]
  readonly backups: readonly { readonly clusterName: string; readonly options: readonly TreeOption[] }[]
}

export function toTreeChoices(
  clusters: readonly { readonly id: string; readonly name: string }[],
  backups: readonly {
    readonly id: string
    readonly clusterId: string
    readonly clusterName: string
    readonly takenAt: string
    readonly scopePaths: readonly string[]
    readonly status: string
    readonly note: string
  }[],
  /** TreeRef texts of the address. */
  named: readonly string[] = [],
): TreeChoices {
  const groups = new Map<string, TreeOption[]>()
  for (const backup of backups) {
    const scope = backup.scopePaths.join(', ') === '/' ? '' : ` · ${backup.scopePaths.join(', ')}`
    const facts = `${backup.status === 'partial' ? ' · partial' : ''}${backup.note ? ` · ${backup.note}` : ''}`
    const label = `${formatUtc(Date.parse(backup.takenAt))}${scope}${facts}`
    const option = { ref: `backup:${backup.id}`, label, clusterId: backup.clusterId }
    groups.set(backup.clusterName, [...(groups.get(backup.clusterName) ?? []), option])
  }
  return {
    live: clusters.map((cluster) => ({ ref: `live:${cluster.id}`, label: cluster.name, clusterId: cluster.id })),
    moments: toMoments(clusters, named),
    backups: [...groups].map(([clusterName, options]) => ({ clusterName, options })),
  }
}

/** Null when it is none of them. */
export function clusterOfRef({ live, moments, backups }: TreeChoices, ref: string): string | null {
  const all = [...live, ...moments, ...backups.flatMap(({ options }) => options)]
  return all.find((option) => option.ref === ref)?.clusterId ?? null
}

function toMoments(
  clusters: readonly { readonly id: string; readonly name: string }[],
  named: readonly string[],
): TreeOption[] {
  return [...new Set(named)].flatMap((ref) => {
    const moment = parseTreeRef(ref)
    if (moment?.kind !== 'moment') return []
    const cluster = clusters.find(({ id }) => id === moment.clusterId)
    return cluster ? [{ ref, label: `${cluster.name} as of ${moment.zxid}`, clusterId: cluster.id }] : []
  })
}

export function TreeOptions({ choices, withLive = true }: { choices: TreeChoices; withLive?: boolean }) {
  return (
    <>
      {withLive && choices.live.length > 0 && (
        <optgroup label="Live clusters">
          {choices.live.map((option) => (
            <option key={option.ref} value={option.ref}>
              {option.label}, live
            </option>
          ))}
        </optgroup>
      )}
      {choices.moments.length > 0 && (
        <optgroup label="Moments">
          {choices.moments.map((option) => (
            <option key={option.ref} value={option.ref}>
              {option.label}
            </option>
          ))}
        </optgroup>
      )}
      {choices.backups.map((group) => (
        <optgroup key={group.clusterName} label={`Backups of ${group.clusterName}`}>
          {group.options.map((option) => (
            <option key={option.ref} value={option.ref}>
              {group.clusterName}, {option.label}
            </option>
          ))}
        </optgroup>
      ))}
    </>
  )
}

export function isKnownRef(choices: TreeChoices, ref: string): boolean {
  return (
    choices.live.some((option) => option.ref === ref) ||
    choices.moments.some((option) => option.ref === ref) ||
    choices.backups.some((group) => group.options.some((option) => option.ref === ref))
  )
}
