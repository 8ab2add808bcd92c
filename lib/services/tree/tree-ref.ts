/**
 * A tree that can be looked at or compared: a live cluster, a backup, or a cluster as of a transaction. In URLs: `live:<clusterId>`,
 * `backup:<backupId>`, `moment:<clusterId>.<zxid>`.
 */
export type TreeRef =
  | { readonly kind: 'live'; readonly clusterId: string }
  | { readonly kind: 'backup'; readonly backupId: string }
  /** `zxid` in hex: `0x1a`. */
  | { readonly kind: 'moment'; readonly clusterId: string; readonly zxid: string }

export function formatTreeRef(ref: TreeRef): string {
  const { kind, id } = treeAddressOf(ref)
  return `${kind}:${id}`
}

/** The two parts of a reference, as addresses of routes have them. */
export function treeAddressOf(ref: TreeRef): { readonly kind: TreeRef['kind']; readonly id: string } {
  switch (ref.kind) {
    case 'live':
      return { kind: 'live', id: ref.clusterId }
    case 'backup':
      return { kind: 'backup', id: ref.backupId }
    case 'moment':
      return { kind: 'moment', id: `${ref.clusterId}.${ref.zxid}` }
  }
}

/** Null when the text is not a reference. */
export function parseTreeRef(text: string): TreeRef | null {
  const moment = /^moment:([A-Za-z0-9_-]{1,64})\.(0x[1-9a-f][0-9a-f]{0,15})$/.exec(text)
  if (moment?.[1] && moment[2]) return { kind: 'moment', clusterId: moment[1], zxid: moment[2] }
  const match = /^(live|backup):([A-Za-z0-9_-]{1,64})$/.exec(text)
  if (!match?.[2]) return null
  return match[1] === 'live' ? { kind: 'live', clusterId: match[2] } : { kind: 'backup', backupId: match[2] }
}
