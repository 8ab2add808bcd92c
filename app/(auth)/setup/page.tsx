import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { AuthFrame } from '@/app/_components/auth-frame.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { isSetUpCodeAsked, loadSignInState } from '../sign-in/loaders.ts'
import { SetupForm } from './_components/setup-form.tsx'

export const metadata: Metadata = { title: 'Set up' }

export default async function SetupPage() {
  const state = await loadSignInState()
  if (state !== 'fresh') redirect(paths.overview())
  const asksCode = await isSetUpCodeAsked()
  return (
    <AuthFrame
      title="Create the administrator"
      intro={
        asksCode
          ? 'This installation is new. Its owner is whoever can read the code on its terminal; afterwards this page is closed.'
          : 'This installation is new. Whoever fills this in first owns it; afterwards this page is closed.'
      }
    >
      <SetupForm asksCode={asksCode} />
    </AuthFrame>
  )
}
