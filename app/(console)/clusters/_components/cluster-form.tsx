'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useRef, useState } from 'react'
import type { z } from 'zod'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { SelectField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { type clusterInputSchema, ENVIRONMENTS } from '@/lib/services/clusters/schemas.ts'
import type { ClusterView } from '@/lib/services/clusters/views.ts'
import { addClusterAction, updateClusterAction } from '../actions.ts'
import { ConnectionTest } from './connection-test.tsx'
import { readTls, TLS_FIELDS, TlsFields } from './tls-fields.tsx'
import { UserPasswordFields } from './user-password-fields.tsx'

type Input = z.input<typeof clusterInputSchema>
/** Fields that show their own error. */
const MARKED = [
  'name',
  'environment',
  'connectString',
  'auth',
  'auth.username',
  'auth.password',
  'sessionTimeoutMs',
  'requestBytesMax',
  'note',
  ...TLS_FIELDS,
]
type AuthKind = 'none' | 'keep' | 'digest' | 'sasl'

/** Adds or changes a cluster. Credentials go in and never come back: a stored password is kept or replaced, not shown. */
export function ClusterForm({ cluster, nowMs }: { cluster: ClusterView | null; nowMs: number }) {
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)
  const [saved, setSaved] = useState(false)
  const [auth, setAuth] = useState<AuthKind>(cluster?.authScheme ? 'keep' : 'none')
  const add = useAction(addClusterAction, (added) => {
    router.push(paths.cluster(added.id))
    router.refresh()
  })
  const update = useAction(updateClusterAction, (changed) => {
    setSaved(true)
    setAuth(changed.authScheme ? 'keep' : 'none')
    router.refresh()
  })
  const { error, pending } = cluster ? update : add
  const fields = error?.fields ?? {}

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const input = readInput(event.currentTarget, auth)
    setSaved(false)
    if (cluster) update.run({ ...input, clusterId: cluster.id })
    else add.run(input)
  }

  return (
    <form ref={form} onSubmit={submit} className="flex flex-col gap-4">
      <FormError error={error} fields={MARKED} />
      {saved && <Notice tone="good" live title="The changes are saved." />}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Name"
          name="name"
          defaultValue={cluster?.name}
          required
          maxLength={60}
          placeholder="orders-prod"
          error={fields.name}
        />
        <SelectField
          label="Environment"
          name="environment"
          defaultValue={cluster?.environment ?? 'development'}
          error={fields.environment}
        >
          {ENVIRONMENTS.map((environment) => (
            <option key={environment}>{environment}</option>
          ))}
        </SelectField>
      </div>
      <TextField
        label="Connect string"
        name="connectString"
        defaultValue={cluster?.connectString}
        required
        placeholder="zk1:2181,zk2:2181,zk3:2181/kafka"
        className="font-mono"
        autoComplete="off"
        spellCheck={false}
        hint="host:port of every server, separated by commas; a chroot may follow. IPv6 addresses in brackets."
        error={fields.connectString}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          label="Authentication"
          name="auth"
          value={auth}
          onChange={(event) => setAuth(readAuthKind(event.target.value))}
          hint={
            auth === 'keep'
              ? 'The stored user and password stay as they are. They are encrypted and cannot be shown.'
              : 'Credentials are stored encrypted and never sent back to a browser.'
          }
          error={fields.auth}
        >
          {cluster?.authScheme && <option value="keep">Keep the stored {cluster.authScheme} credentials</option>}
          <option value="none">None</option>
          <option value="digest">Digest: user and password</option>
          <option value="sasl">SASL DIGEST-MD5: user and password</option>
        </SelectField>
        <TextField
          label="Session timeout (ms)"
          name="sessionTimeoutMs"
          type="number"
          min={4000}
          max={120000}
          step={1000}
          defaultValue={cluster?.sessionTimeoutMs ?? 30000}
          error={fields.sessionTimeoutMs}
        />
        <TextField
          label="Largest request (bytes)"
          name="requestBytesMax"
          type="number"
          min={4096}
          max={67108864}
          defaultValue={cluster?.requestBytesMax ?? 1048575}
          hint="jute.maxbuffer of the servers. Larger values are never sent: a server would close the connection without an answer."
          error={fields.requestBytesMax}
        />
      </div>
      {(auth === 'digest' || auth === 'sasl') && <UserPasswordFields errors={fields} />}
      <TlsFields
        key={JSON.stringify(cluster?.tls ?? null)}
        stored={cluster?.tls ?? null}
        nowMs={nowMs}
        errors={fields}
      />
      <TextAreaField
        label="Note"
        name="note"
        rows={2}
        maxLength={2000}
        defaultValue={cluster?.note}
        error={fields.note}
      />
      <ConnectionTest
        request={() => {
          const element = form.current
          if (!element) return null
          return { clusterId: cluster?.id, input: readInput(element, auth) }
        }}
      />
      <div className="flex justify-end">
        <GuardedButton
          action={cluster ? 'cluster.update' : 'cluster.add'}
          type="submit"
          tone="primary"
          pending={pending}
        >
          {cluster ? 'Save changes' : 'Add cluster'}
        </GuardedButton>
      </div>
    </form>
  )
}

function readAuthKind(value: string): AuthKind {
  return value === 'keep' || value === 'digest' || value === 'sasl' ? value : 'none'
}

function readInput(form: HTMLFormElement, auth: AuthKind): Input {
  const data = new FormData(form)
  const text = (name: string) => String(data.get(name) ?? '')
  return {
    name: text('name'),
    environment: ENVIRONMENTS.find((environment) => environment === text('environment')) ?? 'development',
    connectString: text('connectString'),
    sessionTimeoutMs: text('sessionTimeoutMs'),
    requestBytesMax: text('requestBytesMax'),
    note: text('note'),
    tls: readTls(data),
    auth:
      auth === 'digest' || auth === 'sasl'
        ? { kind: auth, username: text('username'), password: text('password') }
        : { kind: auth },
  }
}
