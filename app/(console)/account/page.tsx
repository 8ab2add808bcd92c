import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { PasswordForm } from './_components/password-form.tsx'
import { SessionTable } from './_components/session-table.tsx'
import { loadSessions } from './loaders.ts'

export const metadata: Metadata = { title: 'Your account' }

export default async function AccountPage() {
  const sessions = await loadSessions()
  return (
    <>
      <PageHeader title="Your account">Where you are signed in, and your password.</PageHeader>
      <div className="flex max-w-4xl flex-col gap-4">
        {sessions.ok ? <SessionTable sessions={sessions.value} /> : <ErrorNotice error={sessions.error} />}
        <Card title="Password">
          <PasswordForm />
        </Card>
      </div>
    </>
  )
}
