'use client'

import './globals.css'
import { PageFailure } from './_components/page-failure.tsx'

export default function GlobalError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Arkeeper</title>
        <main className="px-4">
          <PageFailure digest={error.digest} onRetry={reset} />
        </main>
      </body>
    </html>
  )
}
