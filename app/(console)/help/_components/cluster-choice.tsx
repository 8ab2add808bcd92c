'use client'

import { useRouter } from 'next/navigation'
import { paths } from '@/app/_nav/paths.ts'
import { SelectField } from '@/app/_ui/field.tsx'

/** Links and commands on the page are filled in for the chosen cluster. */
export function ClusterChoice({
  clusters,
  chosen,
}: {
  clusters: readonly { readonly id: string; readonly name: string }[]
  chosen: string | null
}) {
  const router = useRouter()
  if (clusters.length === 0) return null
  return (
    <SelectField
      label="Fill in for"
      value={chosen ?? ''}
      onChange={(event) => router.replace(paths.help({ clusterId: event.target.value || undefined }))}
    >
      <option value="">no cluster in particular</option>
      {clusters.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}
