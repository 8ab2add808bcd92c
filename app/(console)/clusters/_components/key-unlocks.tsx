'use client'

import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { UNLOCK_MINUTES } from '@/lib/services/encryption/schemas.ts'
import type { EncryptionView } from '@/lib/services/encryption/views.ts'
import { lockKeyAction, unlockKeyAction } from '../actions.ts'

/** Private keys given for a while, so that none needs to lie on a machine. */
export function KeyUnlocks({
  clusterId,
  encryption,
  onDone,
}: {
  clusterId: string
  encryption: EncryptionView
  onDone: () => void
}) {
  const [identity, setIdentity] = useState('')
  const [minutes, setMinutes] = useState(String(UNLOCK_MINUTES.default))
  const unlock = useAction(unlockKeyAction, () => {
    setIdentity('')
    onDone()
  })
  const lock = useAction(lockKeyAction, onDone)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    unlock.run({ clusterId, identity, minutes })
  }
  const { unlocks, machine } = encryption
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium">Reading encrypted backups</h3>
      <p className="text-muted">
        {machine.recipients.length > 0
          ? `The server's identity file opens ${machine.recipients.length === 1 ? 'one key' : `${machine.recipients.length} keys`}, at any time.`
          : 'No private key lies on the server.'}{' '}
        While a key is unlocked, browsing, verifying, restoring and drills can read all that is encrypted to it, of
        whatever cluster; who sees what is for the roles, as always.
      </p>
      {lock.error && <ErrorNotice error={lock.error} />}
      {unlocks.length > 0 && (
        <ul className="flex flex-col gap-1">
          {unlocks.map((each) => (
            <li key={each.id} className="flex flex-wrap items-center gap-2">
              <span className="min-w-0 break-all font-mono text-xs">{each.recipient}</span>
              <span className="text-muted text-xs">
                ends <RelativeTime at={each.endsAt} />, by {each.byName}
              </span>
              <GuardedButton
                action="encryption.lock"
                size="small"
                pending={lock.pending}
                aria-label={`Lock ${each.recipient}`}
                onClick={() => lock.run({ clusterId, unlockId: each.id })}
              >
                Lock now
              </GuardedButton>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit} className="flex flex-col gap-3">
        <FormError error={unlock.error} fields={['identity', 'minutes']} />
        <TextAreaField
          label="Private key to unlock"
          rows={2}
          value={identity}
          onChange={(event) => setIdentity(event.target.value)}
          className="font-mono text-xs"
          spellCheck={false}
          autoComplete="off"
          error={unlock.error?.fields?.identity}
          hint="Lines that begin with AGE-SECRET-KEY-. Kept sealed until its end, shown and logged nowhere, and on record in the audit by its public key."
        />
        <TextField
          label="For how long (minutes)"
          type="number"
          min={UNLOCK_MINUTES.min}
          max={UNLOCK_MINUTES.max}
          value={minutes}
          onChange={(event) => setMinutes(event.target.value)}
          error={unlock.error?.fields?.minutes}
        />
        <div className="flex justify-end">
          <GuardedButton
            action="encryption.unlock"
            type="submit"
            pending={unlock.pending}
            disabledReason={identity.trim() === '' && 'Paste the private key first'}
          >
            Unlock for a while
          </GuardedButton>
        </div>
      </form>
    </div>
  )
}
