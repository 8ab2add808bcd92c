'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { CheckboxField, TextField } from '@/app/_ui/field.tsx'
import { addRecipientAction } from '../actions.ts'

/** Another public key that new backups are encrypted to. */
export function RecipientForm({ clusterId, onAdded }: { clusterId: string; onAdded: () => void }) {
  const [recipient, setRecipient] = useState('')
  const [label, setLabel] = useState('')
  const [forAll, setForAll] = useState(false)
  const add = useAction(addRecipientAction, () => {
    setRecipient('')
    setLabel('')
    onAdded()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.run({ clusterId, recipient, label, forAll })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={add.error} fields={['recipient', 'label']} />
      <TextField
        label="Public key"
        value={recipient}
        onChange={(event) => setRecipient(event.target.value)}
        className="font-mono"
        spellCheck={false}
        autoComplete="off"
        placeholder="age1…"
        error={add.error?.fields?.recipient}
        hint={
          <>
            <code>age-keygen -o key.txt</code> makes a pair and prints the public one. Keep key.txt where the backups
            are not.
          </>
        }
      />
      <TextField
        label="Whose it is"
        value={label}
        onChange={(event) => setLabel(event.target.value)}
        maxLength={100}
        error={add.error?.fields?.label}
      />
      <CheckboxField
        label="For all clusters that choose nothing of their own"
        checked={forAll}
        onChange={() => setForAll(!forAll)}
      />
      <div className="flex justify-end">
        <GuardedButton
          action={forAll ? 'encryption.set-default' : 'encryption.set'}
          type="submit"
          pending={add.pending}
          disabledReason={recipient.trim() === '' && 'Give the public key first'}
        >
          Add this key
        </GuardedButton>
      </div>
    </form>
  )
}
