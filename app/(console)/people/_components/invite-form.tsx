'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { useLack } from '@/app/_components/role.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { toBrowserPath } from '@/app/_nav/base-path.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { INVITATION_DAYS, ROLES } from '@/lib/services/people/schemas.ts'
import { invitePersonAction } from '../actions.ts'

interface Made {
  readonly link: string
  readonly email: string
  readonly expiresAt: string
}

/** A link for one person. No mail is sent: whoever invites hands it over. */
export function InviteForm({ publicOrigin }: { publicOrigin: string | null }) {
  const router = useRouter()
  const [made, setMade] = useState<Made | null>(null)
  const invite = useAction(invitePersonAction, ({ token, email, expiresAt }) => {
    const origin = publicOrigin ?? window.location.origin
    setMade({ link: origin + toBrowserPath(paths.invitation(token)), email, expiresAt })
    router.refresh()
  })
  const lack = useLack('people.invite')
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    setMade(null)
    const role = ROLES.find((each) => each === data.get('role')) ?? 'viewer'
    invite.run({ email: String(data.get('email')), role, days: data.get('days') })
  }
  return (
    <div className="flex flex-col gap-3">
      <form onSubmit={submit} className="flex flex-col gap-3">
        <FormError error={invite.error} fields={['email', 'role', 'days']} />
        <div className="grid gap-3 sm:grid-cols-3">
          <TextField
            label="E-mail"
            name="email"
            type="email"
            required
            autoComplete="off"
            hint="Used to sign in; no mail is sent."
            error={invite.error?.fields?.email}
          />
          <SelectField label="Role" name="role" defaultValue="viewer">
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {role}
              </option>
            ))}
          </SelectField>
          <SelectField label="The link works for" name="days" defaultValue="3">
            {INVITATION_DAYS.map((days) => (
              <option key={days} value={days}>
                {days === 1 ? '1 day' : `${days} days`}
              </option>
            ))}
          </SelectField>
        </div>
        <div className="flex justify-end">
          <Button type="submit" tone="primary" pending={invite.pending} disabledReason={lack}>
            Make the link
          </Button>
        </div>
      </form>
      {made && (
        <Notice tone="good" live title={`Give this link to ${made.email}. It is shown this once.`}>
          <p className="flex flex-wrap items-center gap-1">
            <code className="break-all">{made.link}</code>
            <CopyButton text={made.link} what="invitation" />
          </p>
          <p>
            Whoever opens it makes the account. It works once, until <RelativeTime at={made.expiresAt} />.
          </p>
        </Notice>
      )}
    </div>
  )
}
