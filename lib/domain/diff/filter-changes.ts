import { isWithin } from '../znode/path.ts'
import type { Change, ChangeField, ChangeKind } from './change.ts'

/** Every given condition must hold; a missing one lets everything pass. */
export interface ChangeFilter {
  /** At or below any of these. */
  readonly roots?: readonly string[]
  readonly kinds?: readonly ChangeKind[]
  /** `changed` with at least one of these fields; added and removed pass. */
  readonly fields?: readonly ChangeField[]
  readonly ephemeral?: boolean
  /** Case-insensitive part of the path. */
  readonly pathIncludes?: string
}

export function matchesChange(change: Change, filter: ChangeFilter): boolean {
  if (filter.roots && !filter.roots.some((root) => isWithin(change.path, root))) return false
  if (filter.kinds && !filter.kinds.includes(change.change)) return false
  if (filter.ephemeral !== undefined && change.ephemeral !== filter.ephemeral) return false
  if (filter.fields && change.change === 'changed' && !change.fields.some((field) => filter.fields!.includes(field)))
    return false
  if (filter.pathIncludes && !change.path.toLowerCase().includes(filter.pathIncludes.toLowerCase())) return false
  return true
}

/** The changes that pass, in the same order; empty batches are left out. */
export async function* filterChanges(
  changes: AsyncIterable<readonly Change[]>,
  filter: ChangeFilter,
): AsyncGenerator<readonly Change[], void, void> {
  for await (const batch of changes) {
    const kept = batch.filter((change) => matchesChange(change, filter))
    if (kept.length > 0) yield kept
  }
}
