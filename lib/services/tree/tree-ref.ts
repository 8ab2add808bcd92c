/** A tree that can be looked at or compared: a live cluster, or a backup. In URLs: `live:<clusterId>`, `backup:<backupId>`. */
export type TreeRef =
  | { readonly kind: 'live'; readonly clusterId: string }
  | { readonly kind: 'backup'; readonly backupId: string }

export function formatTreeRef(ref: TreeRef): string {
  return ref.kind === 'live' ? `live:${ref.clusterId}` : `backup:${ref.backupId}`
}

/** Null when the text is not a reference. */
export function parseTreeRef(text: string): TreeRef | null {
  const match = /^(live|backup):([A-Za-z0-9_-]{1,64})$/.exec(text)
  if (!match?.[2]) return null
  return match[1] === 'live' ? { kind: 'live', clusterId: match[2] } : { kind: 'backup', backupId: match[2] }
}
