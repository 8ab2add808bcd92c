'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import type { AuditFilter } from '@/lib/services/audit/schemas.ts'

const OUTCOMES: Record<Exclude<AuditFilter['outcome'], ''>, string> = {
  ok: 'done',
  started: 'started, no outcome',
  denied: 'denied',
  failed: 'failed',
}

export function AuditFilterForm({
  filter,
  clusters,
}: {
  filter: AuditFilter
  clusters: readonly { id: string; name: string }[]
}) {
  const router = useRouter()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name) ?? '').trim()
    router.push(
      paths.audit({
        clusterId: text('cluster'),
        actor: text('actor'),
        action: text('action'),
        outcome: text('outcome'),
        path: text('path'),
        from: text('from'),
        to: text('to'),
      }),
    )
  }
  return (
    <search aria-label="Filter of the audit">
      <form onSubmit={submit} className="mb-4 grid grid-cols-2 items-end gap-3 md:grid-cols-4 2xl:grid-cols-8">
        <SelectField label="Cluster" name="cluster" defaultValue={filter.clusterId}>
          <option value="">All</option>
          {clusters.map((cluster) => (
            <option key={cluster.id} value={cluster.id}>
              {cluster.name}
            </option>
          ))}
        </SelectField>
        <TextField label="Who" name="actor" defaultValue={filter.actor} />
        <TextField label="Action" name="action" defaultValue={filter.action} placeholder="restore" />
        <SelectField label="Outcome" name="outcome" defaultValue={filter.outcome}>
          <option value="">All</option>
          {Object.entries(OUTCOMES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </SelectField>
        <TextField label="Path" name="path" defaultValue={filter.path} className="font-mono" />
        <TextField label="From (UTC)" name="from" type="date" defaultValue={filter.from.slice(0, 10)} />
        <TextField label="To (UTC)" name="to" type="date" defaultValue={filter.to.slice(0, 10)} />
        <div className="flex gap-2">
          <Button type="submit" tone="primary">
            Filter
          </Button>
          <LinkButton href={paths.audit()}>Clear</LinkButton>
        </div>
      </form>
    </search>
  )
}
