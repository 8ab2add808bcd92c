'use client'

import { SelectField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { MAIL_SECURITIES } from '@/lib/services/alerts/schemas.ts'
import type { ChannelDraft } from './channel-draft.ts'

const SECURITIES = {
  starttls: 'STARTTLS, or nothing is sent',
  tls: 'TLS from the first byte',
  none: 'none: in the clear, without a password',
} as const

export function MailFields({
  draft,
  change,
  fields,
  hasPassword,
}: {
  draft: ChannelDraft
  change: (more: Partial<ChannelDraft>) => void
  fields: Readonly<Record<string, string>> | undefined
  hasPassword: boolean
}) {
  const faultOfList = Object.entries(fields ?? {}).find(([name]) => name === 'to' || name.startsWith('to.'))?.[1]
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          label="Mail server"
          name="host"
          value={draft.host}
          onChange={(event) => change({ host: event.target.value })}
          error={fields?.host}
          wrapperClassName="sm:col-span-2"
        />
        <TextField
          label="Port"
          name="port"
          type="number"
          min={1}
          max={65_535}
          value={draft.port}
          onChange={(event) => change({ port: event.target.value })}
          error={fields?.port}
        />
      </div>
      <SelectField
        label="Security"
        name="security"
        value={draft.security}
        onChange={(event) =>
          change({ security: MAIL_SECURITIES.find((each) => each === event.target.value) ?? draft.security })
        }
        error={fields?.security}
      >
        {MAIL_SECURITIES.map((each) => (
          <option key={each} value={each}>
            {SECURITIES[each]}
          </option>
        ))}
      </SelectField>
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="User"
          name="user"
          autoComplete="off"
          value={draft.user}
          onChange={(event) => change({ user: event.target.value })}
          hint="Empty: the server asks for none."
          error={fields?.user}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          value={draft.password}
          onChange={(event) => change({ password: event.target.value })}
          hint={hasPassword ? 'There is one; empty keeps it.' : undefined}
          error={fields?.password}
        />
      </div>
      <TextField
        label="From"
        name="from"
        type="email"
        value={draft.from}
        onChange={(event) => change({ from: event.target.value })}
        error={fields?.from}
      />
      <TextAreaField
        label="To"
        name="to"
        rows={3}
        value={draft.to}
        onChange={(event) => change({ to: event.target.value })}
        hint="One address a line."
        error={faultOfList}
      />
    </>
  )
}
