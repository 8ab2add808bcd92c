import type { ChangeField } from '@/lib/domain/diff/change.ts'

const NAMES: Record<ChangeField, string> = { data: 'value', acl: 'ACL', kind: 'kind' }

/** Which changes an ignore rule is about. */
export function describeFields(fields: readonly ChangeField[]): string {
  if (fields.length === 0) return 'every change'
  return `${fields.map((field) => NAMES[field]).join(' or ')} only`
}
