'use client'

import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'

/** What whoever writes to a cluster gives first: its name, typed, and a reason. */
export interface Confirmation {
  readonly typedName: string
  readonly reason: string
}

export const NOT_CONFIRMED: Confirmation = { typedName: '', reason: '' }

/** Why it is no confirmation yet; null when it is one. */
export function findConfirmationFault({ typedName, reason }: Confirmation, clusterName: string): string | null {
  if (typedName.trim() !== clusterName) return `Type ${clusterName} first`
  return reason.trim() === '' ? 'Give a reason first' : null
}

/** Two fields, for a grid. */
export function ConfirmFields({
  clusterName,
  value,
  onChange,
  faults,
}: {
  clusterName: string
  value: Confirmation
  onChange: (value: Confirmation) => void
  faults: Readonly<Record<string, string>> | undefined
}) {
  return (
    <>
      <TextField
        label={`Type ${clusterName} to confirm`}
        value={value.typedName}
        onChange={(event) => onChange({ ...value, typedName: event.target.value })}
        autoComplete="off"
        error={faults?.typedName}
      />
      <TextField
        label="Reason"
        value={value.reason}
        onChange={(event) => onChange({ ...value, reason: event.target.value })}
        maxLength={500}
        hint="Kept in the audit."
        error={faults?.reason}
      />
    </>
  )
}

/** `then`: what the person does when it is armed, and what stays meanwhile. */
export function ReadOnlyNotice({
  clusterId,
  clusterName,
  then,
}: {
  clusterId: string
  clusterName: string
  then: string
}) {
  return (
    <Notice tone="warn" title={`${clusterName} is read-only`}>
      Arm it in{' '}
      <Link href={paths.clusterSettings(clusterId, 'writing')} className="link">
        its settings
      </Link>
      {`, ${then}`}
    </Notice>
  )
}
