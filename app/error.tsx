'use client'

import { PageFailure } from './_components/page-failure.tsx'

export default function RootError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <main className="px-4">
      <PageFailure digest={error.digest} onRetry={reset} />
    </main>
  )
}
