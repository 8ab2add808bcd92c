'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { TYPE_CHOICE_IDS, TYPE_CHOICES, type TypeChoice } from './live-words.ts'

export interface LiveFilterChoice {
  readonly under: string
  readonly choice: TypeChoice | null
}

/** What of the transactions is listed: a subtree, a type. It is in the address. */
export function LiveFilter({ clusterId, filter }: { clusterId: string; filter: LiveFilterChoice }) {
  const router = useRouter()
  const [under, setUnder] = useState(filter.under)
  const [choice, setChoice] = useState<string>(filter.choice ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    router.push(paths.clusterLive(clusterId, { under: under.trim() || '/', show: choice }))
  }
  return (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-3 border-b px-4 py-3">
      <TextField
        label="At or below"
        wrapperClassName="min-w-48 flex-1"
        className="font-mono"
        value={under}
        onChange={(event) => setUnder(event.target.value)}
        placeholder="/"
      />
      <SelectField
        label="Type"
        wrapperClassName="w-52"
        value={choice}
        onChange={(event) => setChoice(event.target.value)}
      >
        <option value="">All</option>
        {TYPE_CHOICE_IDS.map((id) => (
          <option key={id} value={id}>
            {TYPE_CHOICES[id].label}
          </option>
        ))}
      </SelectField>
      <Button type="submit">Filter</Button>
    </form>
  )
}
