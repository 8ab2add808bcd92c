import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import type { KeyNeedView } from './views.ts'

const recipientsSchema = z.array(z.string())

/** Of a row of the catalog; null: it is not encrypted. */
export function toRecipients(stored: unknown): string[] | null {
  return recipientsSchema.safeParse(stored).data ?? null
}

export function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each))
}

export interface EncryptedRow {
  readonly id: string
  readonly recipients: string[] | null
}

/** Backups of a cluster that are there, as they are encrypted. */
export async function listEncrypted(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<EncryptedRow[]> {
  const rows = await context.db.backup.findMany({
    where: { clusterId, deletedAt: null },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    select: { id: true, recipients: true },
  })
  return rows.map(({ id, recipients }) => ({ id, recipients: toRecipients(recipients) }))
}

/** What each key is needed for. A key of the list that opens nothing is listed too: nothing depends on it. */
export function toKeyNeeds(
  rows: readonly EncryptedRow[],
  keys: { readonly effective: readonly string[]; readonly labels: ReadonlyMap<string, string> },
  others: { readonly pieces: readonly (readonly string[])[]; readonly formerCopies: readonly (readonly string[])[] },
): KeyNeedView[] {
  const needs = new Map<string, { backups: number; onlyByIt: number; logPieces: number; formerCopies: number }>()
  const of = (recipient: string) => {
    const need = needs.get(recipient) ?? { backups: 0, onlyByIt: 0, logPieces: 0, formerCopies: 0 }
    needs.set(recipient, need)
    return need
  }
  for (const recipient of [...keys.effective, ...keys.labels.keys()]) of(recipient)
  for (const { recipients } of rows) {
    for (const recipient of recipients ?? []) {
      of(recipient).backups++
      if (recipients?.length === 1) of(recipient).onlyByIt++
    }
  }
  for (const piece of others.pieces) for (const recipient of piece) of(recipient).logPieces++
  for (const copy of others.formerCopies) for (const recipient of copy) of(recipient).formerCopies++
  return [...needs].map(([recipient, need]) => ({
    recipient,
    label: keys.labels.get(recipient) ?? '',
    ...need,
    isCurrent: keys.effective.includes(recipient),
  }))
}
