'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { InvitationView } from '@/lib/services/people/views.ts'
import { revokeInvitationAction } from '../actions.ts'

export function InvitationTable({ invitations }: { invitations: readonly InvitationView[] }) {
  const router = useRouter()
  const revoke = useAction(revokeInvitationAction, () => router.refresh())
  return (
    <>
      {revoke.error && (
        <div className="p-4">
          <ErrorNotice error={revoke.error} />
        </div>
      )}
      <Table label="Invitations" head={['E-mail', 'Role', 'Made', 'Works until', '(Take back)']}>
        {invitations.map(({ id, email, role, invitedByName, createdAt, expiresAt, state }) => (
          <Row key={id}>
            <Cell className="font-medium">{email}</Cell>
            <Cell>{role}</Cell>
            <Cell className="whitespace-nowrap">
              <RelativeTime at={createdAt} /> by {invitedByName}
            </Cell>
            <Cell className="whitespace-nowrap">
              {state === 'expired' ? 'expired ' : ''}
              <RelativeTime at={expiresAt} />
            </Cell>
            <Cell className="text-right">
              <Button
                size="small"
                pending={revoke.pending}
                aria-label={`Take back the invitation of ${email}`}
                onClick={() => revoke.run({ invitationId: id })}
              >
                Take back
              </Button>
            </Cell>
          </Row>
        ))}
      </Table>
    </>
  )
}
