'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { CheckboxField, SelectField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import type { StoreView } from '@/lib/services/stores/views.ts'
import { addStoreAction, changeStoreAction } from '../actions.ts'

const SETTINGS = {
  path: '',
  endpoint: '',
  region: 'us-east-1',
  bucket: '',
  prefix: '',
  pathStyle: true,
  ca: '',
  encryption: 'none',
  kmsKeyId: '',
  storageClass: '',
  lock: 'none',
  lockDays: '30',
  proof: 'read-back',
}
type Settings = { [Key in keyof typeof SETTINGS]: (typeof SETTINGS)[Key] }

function settingsOf(store: StoreView | undefined): Settings {
  const known = Object.entries(store?.settings ?? {}).map(([key, value]) => [
    key,
    typeof value === 'boolean' ? value : String(value ?? ''),
  ])
  return { ...SETTINGS, ...Object.fromEntries(known) }
}

/** A new store, or another version of one. */
export function StoreForm({ kind, store, onDone }: { kind: 's3' | 'folder'; store?: StoreView; onDone: () => void }) {
  const [name, setName] = useState(store?.name ?? '')
  const [note, setNote] = useState(store?.note ?? '')
  const [settings, setSettings] = useState(() => settingsOf(store))
  const [accessKeyId, setAccessKeyId] = useState(store?.accessKeyId ?? '')
  const [secretAccessKey, setSecret] = useState('')
  const add = useAction(addStoreAction, onDone)
  const change = useAction(changeStoreAction, onDone)
  const { error, pending } = store ? change : add
  const set = (part: Partial<Settings>) => setSettings({ ...settings, ...part })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { path, encryption, lock, proof, ...rest } = settings
    const input =
      kind === 'folder'
        ? { kind, name, note, settings: { path } }
        : {
            kind,
            name,
            note,
            accessKeyId,
            secretAccessKey,
            settings: {
              ...rest,
              encryption: encryption as 'none',
              lock: lock as 'none',
              proof: proof as 'read-back',
            },
          }
    if (store) change.run({ storeId: store.id, store: input })
    else add.run(input)
  }
  const fields = error?.fields ?? {}
  const fieldOf = (key: string) => fields[key] ?? fields[`settings.${key}`]
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={error} fields={Object.keys(fields)} />
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Name"
          value={name}
          maxLength={60}
          error={fieldOf('name')}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label="Note"
          value={note}
          maxLength={500}
          error={fieldOf('note')}
          onChange={(event) => setNote(event.target.value)}
        />
      </div>
      {kind === 'folder' ? (
        <TextField
          label="Path of the folder"
          value={settings.path}
          className="font-mono"
          spellCheck={false}
          error={fieldOf('path')}
          hint="Absolute, there already, writable, and inside of no other store."
          onChange={(event) => set({ path: event.target.value })}
        />
      ) : (
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="Address"
            value={settings.endpoint}
            className="font-mono"
            spellCheck={false}
            placeholder="https://s3.example.org"
            error={fieldOf('endpoint')}
            hint="Empty: Amazon's own for the region. Google Cloud: https://storage.googleapis.com"
            onChange={(event) => set({ endpoint: event.target.value })}
          />
          <TextField
            label="Region"
            value={settings.region}
            error={fieldOf('region')}
            onChange={(event) => set({ region: event.target.value })}
          />
          <TextField
            label="Bucket"
            value={settings.bucket}
            error={fieldOf('bucket')}
            onChange={(event) => set({ bucket: event.target.value })}
          />
          <TextField
            label="Prefix"
            value={settings.prefix}
            placeholder="arkeeper/"
            error={fieldOf('prefix')}
            hint="Nothing else may write below it."
            onChange={(event) => set({ prefix: event.target.value })}
          />
          <TextField
            label="Access key"
            value={accessKeyId}
            autoComplete="off"
            error={fieldOf('accessKeyId')}
            hint="Empty: this machine's own credentials."
            onChange={(event) => setAccessKeyId(event.target.value)}
          />
          <TextField
            label="Secret key"
            type="password"
            value={secretAccessKey}
            autoComplete="new-password"
            error={fieldOf('secretAccessKey')}
            hint={store?.accessKeyId ? 'Empty: as it is stored.' : 'Stored encrypted, and never shown.'}
            onChange={(event) => setSecret(event.target.value)}
          />
          <SelectField
            label="Object lock"
            value={settings.lock}
            onChange={(event) => set({ lock: event.target.value })}
          >
            <option value="none">none</option>
            <option value="governance">governance</option>
            <option value="compliance">compliance</option>
          </SelectField>
          <TextField
            label="Days of the lock"
            type="number"
            value={settings.lockDays}
            disabled={settings.lock === 'none'}
            error={fieldOf('lockDays')}
            onChange={(event) => set({ lockDays: event.target.value })}
          />
          <SelectField
            label="Encryption by the store"
            value={settings.encryption}
            onChange={(event) => set({ encryption: event.target.value })}
          >
            <option value="none">as the bucket has it</option>
            <option value="AES256">AES256</option>
            <option value="aws:kms">aws:kms</option>
          </SelectField>
          <TextField
            label="KMS key"
            value={settings.kmsKeyId}
            disabled={settings.encryption !== 'aws:kms'}
            error={fieldOf('kmsKeyId')}
            onChange={(event) => set({ kmsKeyId: event.target.value })}
          />
          <TextField
            label="Storage class"
            value={settings.storageClass}
            placeholder="STANDARD"
            error={fieldOf('storageClass')}
            onChange={(event) => set({ storageClass: event.target.value })}
          />
          <SelectField
            label="Proof after an upload"
            value={settings.proof}
            onChange={(event) => set({ proof: event.target.value })}
          >
            <option value="read-back">read all of it back</option>
            <option value="part-sums">sums of the parts, where the store keeps them</option>
          </SelectField>
          <TextAreaField
            label="Authority of the store's certificate (PEM)"
            value={settings.ca}
            rows={3}
            className="font-mono"
            spellCheck={false}
            error={fieldOf('ca')}
            hint="Empty: those that Node.js brings along."
            onChange={(event) => set({ ca: event.target.value })}
          />
          <CheckboxField
            label="Bucket in the path of the address"
            hint="As MinIO and Ceph want it; Amazon takes both."
            checked={settings.pathStyle}
            onChange={() => set({ pathStyle: !settings.pathStyle })}
          />
        </div>
      )}
      <div className="flex justify-end">
        <GuardedButton
          action={store ? 'store.change' : 'store.add'}
          type="submit"
          tone="primary"
          pending={pending}
          disabledReason={name.trim() === '' && 'Give it a name first'}
        >
          {store ? 'Change the store' : 'Add the store'}
        </GuardedButton>
      </div>
    </form>
  )
}
