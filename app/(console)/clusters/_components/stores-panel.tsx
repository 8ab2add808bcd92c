'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { SelectField } from '@/app/_ui/field.tsx'
import type { StoreChoice } from '@/lib/services/stores/list-store-views.ts'
import type { ClusterStoresView } from '@/lib/services/stores/views.ts'
import { setClusterStoresAction } from '../../stores/actions.ts'

interface Props {
  clusterId: string
  stores: ClusterStoresView
  choices: readonly StoreChoice[]
}

/** Where new backups go first, and where they are copied to. */
export function StoresPanel({ clusterId, stores, choices }: Props) {
  const router = useRouter()
  const [storeId, setStoreId] = useState(stores.storeId)
  const [copies, setCopies] = useState(stores.copies)
  const save = useAction(setClusterStoresAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ clusterId, storeId, copies: copies.filter((copy) => copy.storeId !== storeId) })
  }
  const setCopy = (id: string, what: string) => {
    const others = copies.filter((copy) => copy.storeId !== id)
    setCopies(what === 'all' || what === 'scheduled' ? [...others, { storeId: id, what }] : others)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={save.error} fields={[]} />
      <p className="text-muted text-sm">Backups that are there already stay where they are.</p>
      <SelectField
        label="New backups are put into"
        value={storeId}
        onChange={(event) => setStoreId(event.target.value)}
      >
        {choices.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
      {choices
        .filter(({ id }) => id !== storeId)
        .map(({ id, name }) => (
          <SelectField
            key={id}
            label={`Copied to ${name}`}
            value={copies.find((copy) => copy.storeId === id)?.what ?? 'none'}
            onChange={(event) => setCopy(id, event.target.value)}
          >
            <option value="none">no</option>
            <option value="all">every backup</option>
            <option value="scheduled">scheduled backups only</option>
          </SelectField>
        ))}
      <div className="flex justify-end">
        <GuardedButton action="cluster.set-stores" type="submit" tone="primary" pending={save.pending}>
          Save the stores
        </GuardedButton>
      </div>
    </form>
  )
}
