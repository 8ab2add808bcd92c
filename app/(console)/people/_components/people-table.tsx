'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useLack } from '@/app/_components/role.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { PeopleView } from '@/lib/services/people/views.ts'
import { reactivatePersonAction } from '../actions.ts'
import { PersonDialog } from './person-dialog.tsx'

export function PeopleTable({ people, clusters }: Pick<PeopleView, 'people' | 'clusters'>) {
  const router = useRouter()
  const [openId, setOpenId] = useState<string | null>(null)
  const open = people.find(({ id }) => id === openId)
  const reactivate = useAction(reactivatePersonAction, () => router.refresh())
  const lack = useLack('people.set-role')
  return (
    <>
      {reactivate.error && (
        <div className="p-4">
          <ErrorNotice error={reactivate.error} />
        </div>
      )}
      <Table label="People" head={['Name', 'E-mail', 'Role', 'Last session', 'Since', '(Change)']}>
        {people.map((person) => (
          <Row key={person.id}>
            <Cell className="whitespace-nowrap font-medium">
              {person.name} {person.isYou && <Badge>you</Badge>}
            </Cell>
            <Cell>{person.email}</Cell>
            <Cell className="whitespace-nowrap">
              {person.role}
              {person.clusterRoles.map(({ clusterId, clusterName, role }) => (
                <span key={clusterId} className="block text-muted text-xs">
                  {role} at {clusterName}
                </span>
              ))}{' '}
              {person.deactivatedAt && <Badge tone="warn">deactivated</Badge>}
              {person.signsInWith.includes('provider') && <Badge>single sign-on</Badge>}
              {person.closedUntil && <Badge tone="warn">too many failed sign-ins</Badge>}
            </Cell>
            <Cell className="whitespace-nowrap">
              {person.seenAt ? <RelativeTime at={person.seenAt} /> : 'none open'}
            </Cell>
            <Cell className="whitespace-nowrap">
              <RelativeTime at={person.createdAt} />
            </Cell>
            <Cell className="text-right">
              {person.deactivatedAt ? (
                <Button
                  size="small"
                  pending={reactivate.pending}
                  disabledReason={lack}
                  aria-label={`Reactivate ${person.name}`}
                  onClick={() => reactivate.run({ userId: person.id })}
                >
                  Reactivate
                </Button>
              ) : (
                <Button
                  size="small"
                  disabledReason={lack}
                  aria-label={`Change ${person.name}`}
                  onClick={() => setOpenId(person.id)}
                >
                  Change…
                </Button>
              )}
            </Cell>
          </Row>
        ))}
      </Table>
      {open && (
        <PersonDialog
          person={open}
          clusters={clusters}
          onClose={() => setOpenId(null)}
          onChange={() => router.refresh()}
          onDone={() => {
            setOpenId(null)
            router.refresh()
          }}
        />
      )}
    </>
  )
}
