import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { PasswordForm } from './_components/password-form.tsx'
import { SessionTable } from './_components/session-table.tsx'
import { TokenForm } from './_components/token-form.tsx'
import { TokenTable } from './_components/token-table.tsx'
import { loadHasPassword, loadSessions, loadTokens } from './loaders.ts'

export const metadata: Metadata = { title: 'Your account' }

export default async function AccountPage() {
  const sessions = await loadSessions()
  const hasPassword = await loadHasPassword()
  const tokens = await loadTokens()
  return (
    <>
      <PageHeader title="Your account">
        Where you are signed in, your password, and programs that act for you.
      </PageHeader>
      <div className="flex max-w-4xl flex-col gap-4">
        {sessions.ok ? <SessionTable sessions={sessions.value} /> : <ErrorNotice error={sessions.error} />}
        <Card title="Password">
          {hasPassword.ok && !hasPassword.value ? (
            <p className="text-sm">You have none here: you sign in through single sign-on.</p>
          ) : (
            <PasswordForm />
          )}
        </Card>
        {tokens.ok ? (
          <>
            <Card
              title="API tokens"
              flush
              actions={
                <LinkButton size="small" href={paths.apiDocs()}>
                  What they are for
                </LinkButton>
              }
            >
              {tokens.value.tokens.length > 0 ? (
                <TokenTable tokens={tokens.value.tokens} />
              ) : (
                <p className="p-4 text-muted text-sm">No token yet. A token lets a program act for you.</p>
              )}
            </Card>
            <Card title="Make an API token">
              <TokenForm clusters={tokens.value.clusters} />
            </Card>
          </>
        ) : (
          <ErrorNotice error={tokens.error} />
        )}
      </div>
    </>
  )
}
