import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { InvitationTable } from './_components/invitation-table.tsx'
import { InviteForm } from './_components/invite-form.tsx'
import { PeopleTable } from './_components/people-table.tsx'
import { loadPeople, loadPublicOrigin } from './loaders.ts'

export const metadata: Metadata = { title: 'People' }

export default async function PeoplePage() {
  const people = await loadPeople()
  return (
    <>
      <PageHeader title="People" actions={<LinkButton href={paths.account()}>Your sessions and password</LinkButton>}>
        Whoever has no access (none) sees nothing. A viewer reads. An operator takes backups, writes to armed clusters,
        and approves restores of others. An administrator also adds clusters and people and restores the files of
        servers. A role at a single cluster stands in place of the role overall, there.
      </PageHeader>
      {people.ok ? (
        <div className="flex max-w-6xl flex-col gap-4">
          <Card flush>
            <PeopleTable people={people.value.people} clusters={people.value.clusters} />
          </Card>
          <Card title="Invite somebody">
            <InviteForm publicOrigin={await loadPublicOrigin()} />
          </Card>
          {people.value.invitations && people.value.invitations.length > 0 && (
            <Card title="Invitations that were not used yet" flush>
              <InvitationTable invitations={people.value.invitations} />
            </Card>
          )}
        </div>
      ) : (
        <ErrorNotice error={people.error} />
      )}
    </>
  )
}
