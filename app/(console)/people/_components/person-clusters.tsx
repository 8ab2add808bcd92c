'use client'

import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { SelectField } from '@/app/_ui/field.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { Role } from '@/lib/services/context.ts'
import { ROLES } from '@/lib/services/people/schemas.ts'
import type { ClusterNameView, PersonView } from '@/lib/services/people/views.ts'
import { setClusterRoleAction } from '../actions.ts'

interface PersonClustersProps {
  readonly person: PersonView
  readonly clusters: readonly ClusterNameView[]
  readonly onChange: () => void
}

/** The role of one person at each cluster, where it is another one than overall. */
export function PersonClusters({ person, clusters, onChange }: PersonClustersProps) {
  if (clusters.length === 0) return null
  return (
    <Table label={`Roles of ${person.name} at single clusters`} head={['Cluster', 'Role there', '(Set)']}>
      {clusters.map((cluster) => (
        <ClusterRow key={cluster.id} person={person} cluster={cluster} onChange={onChange} />
      ))}
    </Table>
  )
}

function ClusterRow({
  person,
  cluster,
  onChange,
}: Omit<PersonClustersProps, 'clusters'> & { readonly cluster: ClusterNameView }) {
  const stored: Role | null = person.clusterRoles.find(({ clusterId }) => clusterId === cluster.id)?.role ?? null
  const [chosen, setChosen] = useState(stored)
  const set = useAction(setClusterRoleAction, onChange)
  const wordsOf = (role: Role | null) => role ?? `as overall (${person.role})`
  return (
    <Row>
      <Cell className="break-words font-medium">{cluster.name}</Cell>
      <Cell>
        <SelectField
          label={`Role at ${cluster.name}`}
          hideLabel
          value={chosen ?? ''}
          onChange={(event) => setChosen(ROLES.find((role) => role === event.target.value) ?? null)}
        >
          <option value="">{wordsOf(null)}</option>
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {role}
            </option>
          ))}
        </SelectField>
        {set.error && <ErrorNotice error={set.error} />}
      </Cell>
      <Cell className="text-right">
        <Button
          size="small"
          pending={set.pending}
          disabledReason={chosen === stored && `It is ${wordsOf(stored)} already`}
          aria-label={`Set the role at ${cluster.name}`}
          onClick={() => set.run({ userId: person.id, clusterId: cluster.id, role: chosen })}
        >
          Set
        </Button>
      </Cell>
    </Row>
  )
}
