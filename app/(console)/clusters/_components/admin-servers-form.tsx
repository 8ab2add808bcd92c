'use client'

import { CircleCheck, CircleX, PlugZap } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import type { z } from 'zod'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { SelectField, TextAreaField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import type { adminServersInputSchema } from '@/lib/services/clusters/schemas.ts'
import type { AdminServersView, AdminServerTestView } from '@/lib/services/clusters/views.ts'
import { setAdminServersAction, testAdminServersAction } from '../actions.ts'
import { PemField } from './pem-field.tsx'
import { UserPasswordFields } from './user-password-fields.tsx'

type Input = z.input<typeof adminServersInputSchema>
type AuthKind = 'none' | 'keep' | 'digest' | 'ip' | 'x509'

const MARKED = ['urls', 'auth.username', 'auth.password', 'tlsCa', 'tlsCert', 'tlsKey']

/** Where the members' AdminServers are. Passwords and keys go in and never come back. */
export function AdminServersForm({ clusterId, stored }: { clusterId: string; stored: AdminServersView }) {
  const router = useRouter()
  const [saved, setSaved] = useState(false)
  const [auth, setAuth] = useState<AuthKind>(stored.authScheme === 'digest' ? 'keep' : (stored.authScheme ?? 'none'))
  const [answers, setAnswers] = useState<readonly AdminServerTestView[] | null>(null)
  const save = useAction(setAdminServersAction, (view) => {
    setSaved(true)
    setAnswers(null)
    setAuth(view.authScheme === 'digest' ? 'keep' : (view.authScheme ?? 'none'))
    router.refresh()
  })
  const test = useAction(testAdminServersAction, setAnswers)
  const fields = save.error?.fields ?? {}
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    setSaved(false)
    save.run(readInput(event.currentTarget, clusterId, auth))
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p className="text-muted text-sm">
        ZooKeeper’s own HTTP port, 8080 by default. From version 3.9 on it gives the server’s snapshot, which knows
        containers, TTLs and sessions; from 3.5 on it tells what the members hold.
      </p>
      <FormError error={save.error} fields={MARKED} />
      {saved && <Notice tone="good" live title="The changes are saved." />}
      <TextAreaField
        label="Addresses, one a line"
        name="urls"
        rows={3}
        defaultValue={stored.urls.join('\n')}
        spellCheck={false}
        className="font-mono"
        placeholder={'http://zk1:8080\nhttps://zk2:8443'}
        error={fields.urls}
      />
      <SelectField
        label="Who we are to it"
        name="auth"
        value={auth}
        onChange={(event) => setAuth(readAuthKind(event.target.value))}
        hint="Only snapshot and restore ask; they need all five permissions on the ACL of /."
      >
        {stored.authScheme === 'digest' && <option value="keep">Keep the stored digest credentials</option>}
        <option value="none">Nobody</option>
        <option value="digest">Digest: user and password</option>
        <option value="ip">The address of this machine</option>
        <option value="x509">The client certificate below</option>
      </SelectField>
      {auth === 'digest' && <UserPasswordFields errors={fields} />}
      <details className="rounded-md border px-3 py-2">
        <summary className="cursor-pointer text-sm">TLS: own authority, client certificate</summary>
        <div className="flex flex-col gap-4 pt-3">
          <PemField label="Authority (PEM)" name="tlsCa" value={stored.tlsCa} error={fields.tlsCa} />
          <PemField label="Client certificate (PEM)" name="tlsCert" value={stored.tlsCert} error={fields.tlsCert} />
          <PemField
            label="Private key of the certificate (PEM)"
            name="tlsKey"
            value=""
            hint={
              stored.hasTlsKey ? 'A key is stored; leave this empty to keep it.' : 'It is encrypted and never shown.'
            }
            error={fields.tlsKey}
          />
        </div>
      </details>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <GuardedButton
          action="cluster.test-admin-servers"
          icon={<PlugZap aria-hidden className="size-4" />}
          pending={test.pending}
          disabledReason={stored.urls.length === 0 ? 'Save an address first' : null}
          onClick={() => test.run({ clusterId })}
        >
          Test the saved AdminServers
        </GuardedButton>
        <GuardedButton action="cluster.set-admin-servers" type="submit" tone="primary" pending={save.pending}>
          Save AdminServers
        </GuardedButton>
      </div>
      {test.error && <ErrorNotice error={test.error} />}
      <div role="status">{answers && <Answers answers={answers} />}</div>
    </form>
  )
}

function Answers({ answers }: { answers: readonly AdminServerTestView[] }) {
  return (
    <ul aria-label="Answers of the AdminServers" className="divide-y rounded-md border">
      {answers.map((answer) => (
        <li key={answer.url} className="flex items-start gap-2 px-3 py-1.5 text-sm">
          {answer.ok ? (
            <CircleCheck aria-label="answered" className="mt-0.5 size-4 shrink-0 text-added" />
          ) : (
            <CircleX aria-label="failed" className="mt-0.5 size-4 shrink-0 text-removed" />
          )}
          <div className="min-w-0 flex-1 break-words">
            <span className="font-mono">{answer.url}</span>
            {answer.ok ? (
              <p className="text-muted">
                ZooKeeper {answer.version ?? 'of an unknown version'}, {answer.state ?? 'state unknown'}, zxid{' '}
                <span className="font-mono">{answer.zxid}</span>;{' '}
                {answer.canSnapshot ? 'gives snapshots' : 'gives no snapshots (they need 3.9)'}
              </p>
            ) : (
              <p className="text-muted">
                {answer.message}
                {answer.remedy && `; ${answer.remedy}`}
              </p>
            )}
            {answer.ok && answer.warnings.map((warning) => <Notice key={warning} tone="warn" title={warning} />)}
          </div>
        </li>
      ))}
    </ul>
  )
}

function readAuthKind(value: string): AuthKind {
  return value === 'keep' || value === 'digest' || value === 'ip' || value === 'x509' ? value : 'none'
}

function readInput(form: HTMLFormElement, clusterId: string, auth: AuthKind): Input {
  const data = new FormData(form)
  const text = (name: string) => String(data.get(name) ?? '')
  return {
    clusterId,
    urls: text('urls')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    auth:
      auth === 'digest' ? { kind: 'digest', username: text('username'), password: text('password') } : { kind: auth },
    tlsCa: text('tlsCa'),
    tlsCert: text('tlsCert'),
    tlsKey: text('tlsKey'),
  }
}
