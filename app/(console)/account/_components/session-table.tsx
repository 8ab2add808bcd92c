'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { SessionView } from '@/lib/services/people/views.ts'
import { revokeOtherSessionsAction, revokeSessionAction } from '../actions.ts'

export function SessionTable({ sessions }: { sessions: readonly SessionView[] }) {
  const router = useRouter()
  const revoke = useAction(revokeSessionAction, () => router.refresh())
  const revokeOthers = useAction(revokeOtherSessionsAction, () => router.refresh())
  const error = revoke.error ?? revokeOthers.error
  return (
    <Card
      title="Sessions"
      flush
      actions={
        <Button
          size="small"
          pending={revokeOthers.pending}
          disabledReason={sessions.length < 2 && 'This is the only session'}
          onClick={() => revokeOthers.run({})}
        >
          End all others
        </Button>
      }
    >
      {error && (
        <div className="p-4">
          <ErrorNotice error={error} />
        </div>
      )}
      <Table label="Sessions" head={['Browser', 'Address', 'Begun', 'Renewed', '(End)']}>
        {sessions.map(({ id, isThis, ip, userAgent, createdAt, seenAt }) => (
          <Row key={id}>
            <Cell className="min-w-40 break-words">
              {userAgent ?? 'not told'} {isThis && <Badge>this one</Badge>}
            </Cell>
            <Cell>{ip ?? 'not told'}</Cell>
            <Cell className="whitespace-nowrap">
              <RelativeTime at={createdAt} />
            </Cell>
            <Cell className="whitespace-nowrap">
              <RelativeTime at={seenAt} />
            </Cell>
            <Cell className="text-right">
              <Button
                size="small"
                pending={revoke.pending}
                disabledReason={isThis && 'This is the session that you use: sign out to end it'}
                aria-label={`End the session from ${ip ?? 'an address not told'}${isThis ? ', this one' : ''}`}
                onClick={() => revoke.run({ sessionId: id })}
              >
                End
              </Button>
            </Cell>
          </Row>
        ))}
      </Table>
    </Card>
  )
}
