import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { AuthFrame } from '@/app/_components/auth-frame.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths, safeNextPath } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { toProblemView } from './_components/provider-problem.ts'
import { SignInWays } from './_components/sign-in-ways.tsx'
import { loadSignInState, loadSingleSignOn } from './loaders.ts'

export const metadata: Metadata = { title: 'Sign in' }

export default async function SignInPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const query = await searchParams
  const next = safeNextPath(readText(query, 'next'))
  const state = await loadSignInState()
  if (state === 'fresh') redirect(paths.setup())
  if (state === 'signed-in') redirect(next)
  const offer = await loadSingleSignOn()
  const problem = toProblemView(readText(query, 'problem'))
  return (
    <AuthFrame title="Sign in" intro="Backups, diffs and restores of your ZooKeeper clusters.">
      <div className="flex flex-col gap-4">
        {problem && <ErrorNotice error={problem} />}
        <SignInWays next={next} provider={offer} />
      </div>
    </AuthFrame>
  )
}
