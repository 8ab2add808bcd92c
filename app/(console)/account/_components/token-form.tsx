'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { CheckboxField, SelectField, TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { TOKEN_HOURS, TOKEN_SCOPES, type TokenScope } from '@/lib/services/tokens/schemas.ts'
import { createTokenAction } from '../actions.ts'

const SCOPE_WORDS: Record<TokenScope, string> = {
  read: 'Look at trees, backups, diffs and the audit, compare and search',
  backup: 'Take backups, verify, drill, pin and download them',
  restore: 'Plan restores and run them on armed clusters, undo them',
  edit: 'Write single znodes of armed clusters',
  admin: 'Delete backups, and whatever else asks for an administrator',
}
const EXPIRY_WORDS: Record<(typeof TOKEN_HOURS)[number], string> = {
  1: '1 hour',
  24: '1 day',
  168: '7 days',
  720: '30 days',
  2160: '90 days',
  8760: '1 year',
}
const FIELDS = ['name', 'hours', 'scopes', 'clusterIds']

export function TokenForm({ clusters }: { clusters: readonly { readonly id: string; readonly name: string }[] }) {
  const router = useRouter()
  const [made, setMade] = useState<{ token: string; name: string; expiresAt: string } | null>(null)
  const [limited, setLimited] = useState(false)
  const create = useAction(createTokenAction, (token) => {
    setMade(token)
    router.refresh()
  })
  const fields = create.error?.fields
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    setMade(null)
    create.run({
      name: String(data.get('name')),
      hours: data.get('hours'),
      scopes: TOKEN_SCOPES.filter((scope) => data.getAll('scope').includes(scope)),
      clusterIds: limited ? data.getAll('cluster').map(String) : null,
    })
  }
  return (
    <div className="flex flex-col gap-3">
      <form onSubmit={submit} className="flex flex-col gap-3">
        <FormError error={create.error} fields={FIELDS} />
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="Name of the token"
            name="name"
            required
            maxLength={60}
            autoComplete="off"
            hint="Where it is used: the audit names it beside you."
            error={fields?.name}
          />
          <SelectField label="It works for" name="hours" defaultValue="720" error={fields?.hours}>
            {TOKEN_HOURS.map((hours) => (
              <option key={hours} value={hours}>
                {EXPIRY_WORDS[hours]}
              </option>
            ))}
          </SelectField>
        </div>
        <fieldset className="flex min-w-0 flex-col gap-2">
          <legend className="mb-1 font-medium text-sm">It may</legend>
          {TOKEN_SCOPES.map((scope) => (
            <CheckboxField
              key={scope}
              name="scope"
              value={scope}
              label={scope}
              hint={SCOPE_WORDS[scope]}
              defaultChecked={scope === 'read'}
            />
          ))}
          {fields?.scopes && <p className="text-removed text-xs">{fields.scopes}</p>}
        </fieldset>
        <fieldset className="flex min-w-0 flex-col gap-2">
          <legend className="sr-only">Clusters</legend>
          <CheckboxField
            label="Only at some clusters"
            hint="Beyond these it sees nothing. Otherwise it reaches all that you reach."
            checked={limited}
            disabled={clusters.length === 0}
            onChange={(event) => setLimited(event.target.checked)}
          />
          {limited &&
            clusters.map(({ id, name }) => (
              <CheckboxField key={id} className="ml-6" name="cluster" value={id} label={name} />
            ))}
          {fields?.clusterIds && <p className="text-removed text-xs">{fields.clusterIds}</p>}
        </fieldset>
        <div className="flex justify-end">
          <Button type="submit" tone="primary" pending={create.pending}>
            Make the token
          </Button>
        </div>
      </form>
      {made && (
        <Notice tone="good" live title={`The token ${made.name}. It is shown this once.`}>
          <p className="flex flex-wrap items-center gap-1">
            <code className="break-all">{made.token}</code>
            <CopyButton text={made.token} what="token" />
          </p>
          <p>
            Keep it as you keep a password. It works until <RelativeTime at={made.expiresAt} />, and never for more than
            you may do yourself.
          </p>
        </Notice>
      )}
    </div>
  )
}
