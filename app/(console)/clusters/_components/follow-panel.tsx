'use client'

import { PlugZap } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { CheckboxField, SelectField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { BASE_HOURS, LAG_SECONDS } from '@/lib/services/follow/schemas.ts'
import type { FollowView, QuorumTestView } from '@/lib/services/follow/views.ts'
import { setFollowAction, testQuorumAction } from '../actions.ts'
import { FollowNeeds } from './follow-needs.tsx'
import { FollowRestored } from './follow-restored.tsx'
import { FollowState } from './follow-state.tsx'
import { PemField } from './pem-field.tsx'

type TlsMode = FollowView['settings']['tlsMode']

const MARKED = ['quorumServers', 'tlsMode', 'tls.ca', 'tls.cert', 'tls.key', 'baseHours', 'lagSecondsMax', 'reason']

/** Whether and how a cluster is followed: off until an administrator has read what it means and says so. */
export function FollowPanel({ clusterId, follow }: { clusterId: string; follow: FollowView }) {
  const router = useRouter()
  const { settings } = follow
  const [tlsMode, setTlsMode] = useState<TlsMode>(settings.tlsMode)
  const save = useAction(setFollowAction, () => router.refresh())
  const test = useAction(testQuorumAction, () => router.refresh())
  const fields = save.error?.fields ?? {}
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const { submitter } = event.nativeEvent as SubmitEvent
    const intent = submitter instanceof HTMLButtonElement ? submitter.value : ''
    const enabled = intent === 'on' || (intent === 'save' && settings.enabled)
    save.run({ ...readInput(data, tlsMode), clusterId, enabled })
  }
  const stored = settings.quorumServers !== ''
  return (
    <div className="flex flex-col gap-4 text-sm">
      <p className="text-muted">
        Arkeeper can listen to the ensemble as an observer without a vote: it hears every transaction when it is
        committed, and keeps it. Off unless an administrator switches it on. While the stream is heard, it alone writes
        the archive of the transaction log; when it is away, the members’ files are archived as before, where that is
        on.
      </p>
      {(settings.enabled || follow.lastZxid !== null) && <FollowState follow={follow} />}
      {follow.denied !== null && <FollowRestored clusterId={clusterId} settings={settings} denied={follow.denied} />}
      <FollowNeeds />
      <form onSubmit={submit} className="flex flex-col gap-3">
        <FormError error={save.error} fields={MARKED} />
        <TextAreaField
          label="Quorum ports, one a line"
          name="quorumServers"
          rows={3}
          defaultValue={settings.quorumServers}
          spellCheck={false}
          className="font-mono"
          placeholder={'zk1:2888\nzk2:2888\nzk3:2888'}
          hint="Asked in this order: observerMasterPorts in front spare the leader. Backups by the source observer use them, too. Empty: they are not used at all."
          error={fields.quorumServers}
        />
        <SelectField
          label="TLS on the quorum port"
          name="tlsMode"
          value={tlsMode}
          onChange={(event) => setTlsMode(readMode(event.target.value))}
          error={fields.tlsMode}
        >
          <option value="off">Off: plain connections</option>
          <option value="cluster">The certificates of the client port</option>
          <option value="own">Certificates of its own</option>
        </SelectField>
        {tlsMode !== 'off' && <Certificates known={settings.tlsCertificates} />}
        {tlsMode === 'own' && <OwnTls settings={settings} fields={fields} />}
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="A base snapshot at most every (hours)"
            name="baseHours"
            type="number"
            min={BASE_HOURS.min}
            max={BASE_HOURS.max}
            defaultValue={settings.baseHours}
            hint="Where anything was written since the last one. Made of what is kept: no server is asked. It lies beside the logs, is no backup, and goes with them."
            error={fields.baseHours}
          />
          <TextField
            label="Behind, when it lags by (seconds)"
            name="lagSecondsMax"
            type="number"
            min={LAG_SECONDS.min}
            max={LAG_SECONDS.max}
            defaultValue={settings.lagSecondsMax}
            error={fields.lagSecondsMax}
          />
        </div>
        <TextField label="Why (goes into the audit)" name="reason" maxLength={500} error={fields.reason} />
        <CheckboxField
          label="I have read what this needs, what it costs, and that it bypasses all ACLs"
          name="understood"
          defaultChecked={settings.enabled}
          hint={fields.understood}
        />
        <div className="flex flex-wrap justify-between gap-2">
          <GuardedButton
            action="follow.test-quorum"
            icon={<PlugZap aria-hidden className="size-4" />}
            pending={test.pending}
            disabledReason={stored ? null : 'Save the quorum ports first'}
            onClick={() => test.run({ clusterId })}
          >
            Test the saved quorum ports
          </GuardedButton>
          <span className="flex flex-wrap gap-2">
            <GuardedButton action="follow.set" type="submit" value="save" pending={save.pending}>
              Save
            </GuardedButton>
            {settings.enabled ? (
              <GuardedButton action="follow.set" type="submit" value="off" pending={save.pending}>
                Stop following
              </GuardedButton>
            ) : (
              <GuardedButton action="follow.set" type="submit" value="on" tone="primary" pending={save.pending}>
                Follow this cluster
              </GuardedButton>
            )}
          </span>
        </div>
      </form>
      {test.error && <ErrorNotice error={test.error} />}
      <div role="status">{follow.tested && <Tested {...follow.tested} />}</div>
    </div>
  )
}

const WHOSE = {
  client: 'Our client certificate',
  authority: 'Authority',
  server: 'Shown by the member heard last',
} as const

function Certificates({ known }: { known: FollowView['settings']['tlsCertificates'] }) {
  if (known.length === 0) return null
  return (
    <ul aria-label="Certificates of the quorum port" className="flex flex-col gap-1">
      {known.map(({ of, subject, expiry, endsSoon }) => (
        <li key={`${of} ${subject}`} className="break-words">
          {WHOSE[of]} <span className="font-mono text-xs">{subject}</span>:{' '}
          <span className={endsSoon ? 'font-medium text-removed' : 'text-muted'}>{expiry}</span>
        </li>
      ))}
    </ul>
  )
}

function OwnTls({ settings, fields }: { settings: FollowView['settings']; fields: Readonly<Record<string, string>> }) {
  return (
    <>
      <PemField
        label="Authority of the quorum certificates (PEM)"
        name="tlsCa"
        value={settings.tlsCa ?? ''}
        error={fields['tls.ca']}
      />
      <PemField
        label="Client certificate for the quorum port (PEM)"
        name="tlsCert"
        value={settings.tlsCert ?? ''}
        error={fields['tls.cert']}
      />
      <PemField
        label="Private key of that certificate (PEM)"
        name="tlsKey"
        value=""
        hint={
          settings.hasTlsKey
            ? 'A key is stored; leave this empty to keep it.'
            : 'Without a pass phrase. It is stored encrypted and never shown.'
        }
        error={fields['tls.key']}
      />
      <CheckboxField
        label="The certificates must name the servers’ addresses"
        name="tlsCheckName"
        defaultChecked={settings.tlsCheckName}
        hint="The authority that signed them is checked in any case."
      />
    </>
  )
}

function Tested({ at, report }: { at: string; report: QuorumTestView }) {
  return (
    <section aria-label="Quorum ports as tested" className="flex flex-col gap-1">
      <p className="text-muted">
        Tested <RelativeTime at={at} /> from the host of this page:{' '}
        {report.ok ? 'an observer is let in' : 'nobody lets an observer in'}
      </p>
      <ul className="flex flex-col gap-1.5">
        {report.servers.map(({ server, ok, message }) => (
          <li key={server} className="min-w-0 break-words">
            <Badge tone={ok ? 'good' : 'neutral'}>{ok ? 'lets us in' : 'does not'}</Badge>{' '}
            <code className="font-mono text-xs">{server}</code> {message}
          </li>
        ))}
      </ul>
    </section>
  )
}

const readMode = (text: string): TlsMode => (text === 'cluster' || text === 'own' ? text : 'off')

function readInput(data: FormData, tlsMode: TlsMode) {
  const text = (name: string) => String(data.get(name) ?? '')
  const own = {
    kind: 'on' as const,
    ca: text('tlsCa'),
    cert: text('tlsCert'),
    key: text('tlsKey'),
    checkName: data.get('tlsCheckName') !== null,
  }
  return {
    quorumServers: text('quorumServers'),
    tls: tlsMode === 'own' ? own : { kind: tlsMode },
    baseHours: text('baseHours'),
    lagSecondsMax: text('lagSecondsMax'),
    reason: text('reason'),
    understood: data.get('understood') !== null,
  }
}
