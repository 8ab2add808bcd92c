'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Choice } from '@/app/_ui/choice.tsx'
import { DialogButtons } from '@/app/_ui/dialog.tsx'
import { CheckboxField, SelectField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { SEVERITIES } from '@/lib/domain/alerts/rules.ts'
import type { ChannelKind } from '@/lib/services/alerts/schemas.ts'
import type { AlertChannelView } from '@/lib/services/alerts/views.ts'
import { setAlertChannelAction } from '../actions.ts'
import { type ChannelDraft, draftOf } from './channel-draft.ts'
import { MailFields } from './mail-fields.tsx'

const KINDS = [
  { value: 'webhook', label: 'Webhook', hint: 'JSON by POST, signed when you give a secret.' },
  { value: 'slack', label: 'Slack-compatible', hint: 'Also Mattermost and Rocket.Chat.' },
  { value: 'email', label: 'Mail', hint: 'Over SMTP, with STARTTLS or TLS.' },
] as const satisfies readonly { value: ChannelKind; label: string; hint: string }[]

const FIELDS = [
  'name',
  'clusterIds',
  'url',
  'signingSecret',
  'ca',
  'host',
  'port',
  'security',
  'user',
  'password',
  'from',
  'to',
]

export function ChannelForm({
  channel,
  clusters,
  onDone,
}: {
  channel: AlertChannelView | null
  clusters: readonly { readonly id: string; readonly name: string }[]
  onDone: () => void
}) {
  const router = useRouter()
  const [draft, setDraft] = useState(() => draftOf(channel))
  const change = (more: Partial<ChannelDraft>) => setDraft((before) => ({ ...before, ...more }))
  const save = useAction(setAlertChannelAction, () => {
    onDone()
    router.refresh()
  })
  const fields = save.error?.fields
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run(draft)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={save.error} fields={FIELDS} />
      {channel === null && (
        <Choice
          label="Kind"
          name="kind"
          columns
          options={KINDS}
          value={draft.kind}
          onChange={(kind) => change({ kind })}
        />
      )}
      <TextField
        label="Name"
        name="name"
        value={draft.name}
        maxLength={80}
        onChange={(event) => change({ name: event.target.value })}
        error={fields?.name}
      />
      {draft.kind === 'email' ? (
        <MailFields draft={draft} change={change} fields={fields} hasPassword={Boolean(channel?.mail?.user)} />
      ) : (
        <TextField
          label="Address"
          name="url"
          type="password"
          autoComplete="off"
          value={draft.url}
          onChange={(event) => change({ url: event.target.value })}
          hint={
            channel
              ? `At ${channel.place}; empty keeps it. It is never shown again: whoever has it may send.`
              : 'https://… Redirects are not followed.'
          }
          error={fields?.url}
        />
      )}
      {draft.kind === 'webhook' && (
        <TextField
          label="Signing secret"
          name="signingSecret"
          type="password"
          autoComplete="off"
          value={draft.signingSecret}
          onChange={(event) => change({ signingSecret: event.target.value })}
          hint={
            channel?.hasSigningSecret
              ? 'There is one; empty keeps it.'
              : 'x-arkeeper-signature is then t=seconds,v1=HMAC-SHA256 of "seconds.body" in hex.'
          }
          error={fields?.signingSecret}
        />
      )}
      <SelectField
        label="From which severity on"
        name="leastSeverity"
        value={draft.leastSeverity}
        onChange={(event) =>
          change({ leastSeverity: SEVERITIES.find((each) => each === event.target.value) ?? draft.leastSeverity })
        }
      >
        {SEVERITIES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </SelectField>
      <CheckboxField
        label="Alerts of every cluster and of the installation"
        name="everything"
        checked={draft.clusterIds === null}
        onChange={(event) => change({ clusterIds: event.target.checked ? null : [] })}
      />
      {draft.clusterIds !== null && (
        <fieldset className="flex flex-col gap-1 border-l pl-3">
          <legend className="font-medium text-sm">Of these clusters only</legend>
          {clusters.map(({ id, name }) => (
            <CheckboxField
              key={id}
              label={name}
              checked={draft.clusterIds?.includes(id) ?? false}
              onChange={(event) =>
                change({
                  clusterIds: event.target.checked
                    ? [...(draft.clusterIds ?? []), id]
                    : (draft.clusterIds ?? []).filter((each) => each !== id),
                })
              }
            />
          ))}
          {fields?.clusterIds && <p className="text-removed text-xs">{fields.clusterIds}</p>}
        </fieldset>
      )}
      <TextAreaField
        label="Authority of the receiver (PEM)"
        name="ca"
        rows={2}
        value={draft.ca}
        onChange={(event) => change({ ca: event.target.value })}
        hint="For TLS with an authority of your own; nothing trusts those of the system."
        error={fields?.ca}
      />
      <CheckboxField
        label="Allow link-local and metadata addresses"
        name="allowLocal"
        checked={draft.allowLocal}
        onChange={(event) => change({ allowLocal: event.target.checked })}
      />
      <CheckboxField
        label="On"
        name="enabled"
        hint="Notices that wait are dropped when it is switched off."
        checked={draft.enabled}
        onChange={(event) => change({ enabled: event.target.checked })}
      />
      <DialogButtons>
        <GuardedButton action="alert.set-channel" type="submit" tone="primary" pending={save.pending}>
          {channel ? 'Change the channel' : 'Add the channel'}
        </GuardedButton>
      </DialogButtons>
    </form>
  )
}
