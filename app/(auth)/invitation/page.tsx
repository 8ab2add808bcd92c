import type { Metadata } from 'next'
import { AuthFrame } from '@/app/_components/auth-frame.tsx'
import { QueryProvider } from '@/app/_components/query-provider.tsx'
import { InvitationForm } from './_components/invitation-form.tsx'

export const metadata: Metadata = { title: 'Invitation' }

/** The same page for everybody: what the link is for is behind its `#`, and asked for by the browser. */
export default function InvitationPage() {
  return (
    <AuthFrame title="You are invited" intro="Choose a name and a password. The link works once.">
      <QueryProvider>
        <InvitationForm />
      </QueryProvider>
    </AuthFrame>
  )
}
