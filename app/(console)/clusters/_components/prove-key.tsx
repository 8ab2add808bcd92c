'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { TextAreaField } from '@/app/_ui/field.tsx'
import type { RecipientView } from '@/lib/services/encryption/views.ts'
import { proveKeyAction } from '../actions.ts'

/** Something is encrypted to the key and opened again: with what is pasted here, or with what the server has at hand. */
export function ProveKey({
  clusterId,
  recipient,
  onDone,
}: {
  clusterId: string
  recipient: RecipientView
  onDone: () => void
}) {
  const [identity, setIdentity] = useState('')
  const prove = useAction(proveKeyAction, onDone)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    prove.run({ clusterId, recipientId: recipient.id, ...(identity.trim() === '' ? {} : { identity }) })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 rounded-md border bg-sunken p-3">
      <FormError error={prove.error} fields={['identity']} />
      <TextAreaField
        label={`Private key of ${recipient.label || recipient.recipient}`}
        rows={2}
        value={identity}
        onChange={(event) => setIdentity(event.target.value)}
        className="font-mono text-xs"
        spellCheck={false}
        autoComplete="off"
        error={prove.error?.fields?.identity}
        hint="Used for this test alone and kept nowhere. Left empty, the keys that are at hand are tried."
      />
      <div className="flex justify-end">
        <GuardedButton action="encryption.prove" type="submit" tone="primary" pending={prove.pending}>
          Prove that this key is held
        </GuardedButton>
      </div>
    </form>
  )
}
