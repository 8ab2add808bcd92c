'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { CheckboxField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { ForwardKind } from '@/lib/services/audit/schemas.ts'
import type { AuditForwardView } from '@/lib/services/audit/views.ts'
import { setAuditForwardAction, testAuditForwardAction } from '../actions.ts'

const FIELDS = ['url', 'ca', 'secret']

/** Where entries are sent on to, and whether they are taken there. */
export function AuditForward({
  kind,
  known,
  head,
}: {
  kind: ForwardKind
  known: AuditForwardView | null
  head: number
}) {
  const router = useRouter()
  const [url, setUrl] = useState(known?.url ?? '')
  const [ca, setCa] = useState(known?.ca ?? '')
  const [secret, setSecret] = useState('')
  const [allowLocal, setAllowLocal] = useState(known?.allowLocal ?? false)
  const [isTaken, setTaken] = useState(false)
  const save = useAction(setAuditForwardAction, () => {
    setSecret('')
    router.refresh()
  })
  const test = useAction(testAuditForwardAction, () => setTaken(true))
  const input = (enabled: boolean) => ({ kind, enabled, url, ca, secret, allowLocal })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run(input(true))
  }
  const fields = save.error?.fields
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <p className="text-muted">
        {known?.enabled
          ? `Taken up to entry ${formatCount(known.cursor)} of ${formatCount(head)}`
          : 'Off. Entries from then on are sent, in order and at least once; nothing here waits for it'}
        {known?.enabled && known.lastOkAt && (
          <>
            , <RelativeTime at={known.lastOkAt} />
          </>
        )}
        .
      </p>
      {known?.enabled && known.lastError && (
        <Notice tone="bad" title={`Not taken, ${plural(known.failures, 'time')} in a row`}>
          {known.lastError}. Entries are kept here; it is tried again.
        </Notice>
      )}
      <FormError error={save.error} fields={FIELDS} />
      <FormError error={test.error} fields={[]} />
      {isTaken && (
        <Notice tone="good" live>
          The test was sent{kind === 'webhook' || known?.url.startsWith('udp:') !== true ? ' and taken' : ''}.
        </Notice>
      )}
      <TextField
        label={kind === 'syslog' ? 'Syslog address' : 'Webhook address'}
        name={`${kind}-url`}
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        hint={
          kind === 'syslog' ? 'tcp://, tls:// or udp://host:port (RFC 5424)' : 'https://… Redirects are not followed.'
        }
        error={fields?.url}
      />
      {kind === 'webhook' && (
        <TextField
          label="Webhook secret"
          name="webhook-secret"
          type="password"
          autoComplete="off"
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          hint={
            known?.hasSecret
              ? 'There is one; empty keeps it.'
              : 'Signs each request: x-arkeeper-signature is t=seconds,v1=HMAC-SHA256 of "seconds.body" in hex.'
          }
          error={fields?.secret}
        />
      )}
      <TextAreaField
        label={`Authority of the ${kind} receiver (PEM)`}
        name={`${kind}-ca`}
        rows={2}
        value={ca}
        onChange={(event) => setCa(event.target.value)}
        hint="For TLS with an authority of your own; nothing trusts those of the system."
        error={fields?.ca}
      />
      <CheckboxField
        label={`Allow link-local and metadata addresses for ${kind}`}
        name={`${kind}-local`}
        checked={allowLocal}
        onChange={(event) => setAllowLocal(event.target.checked)}
      />
      <div className="flex flex-wrap justify-end gap-2">
        <GuardedButton
          action="audit.test-forward"
          size="small"
          pending={test.pending}
          disabledReason={known ? undefined : 'save the address first'}
          onClick={() => {
            setTaken(false)
            test.run({ kind })
          }}
        >
          Send a test to {kind}
        </GuardedButton>
        {known?.enabled && (
          <GuardedButton
            action="audit.set-forward"
            size="small"
            pending={save.pending}
            onClick={() => save.run(input(false))}
          >
            Stop forwarding to {kind}
          </GuardedButton>
        )}
        <GuardedButton action="audit.set-forward" size="small" type="submit" tone="primary" pending={save.pending}>
          {known?.enabled ? `Change the ${kind} receiver` : `Forward to ${kind}`}
        </GuardedButton>
      </div>
    </form>
  )
}
