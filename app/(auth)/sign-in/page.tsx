import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { AuthFrame } from '@/app/_components/auth-frame.tsx'
import { paths, safeNextPath } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { SignInForm } from './_components/sign-in-form.tsx'
import { loadSignInState } from './loaders.ts'

export const metadata: Metadata = { title: 'Sign in' }

export default async function SignInPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const next = safeNextPath(readText(await searchParams, 'next'))
  const state = await loadSignInState()
  if (state === 'fresh') redirect(paths.setup())
  if (state === 'signed-in') redirect(next)
  return (
    <AuthFrame title="Sign in" intro="Backups, diffs and restores of your ZooKeeper clusters.">
      <SignInForm next={next} />
    </AuthFrame>
  )
}
