'use client'

import { RotateCw } from 'lucide-react'
import { Button } from '@/app/_ui/button.tsx'
import { ErrorNotice } from './error-notice.tsx'

/** What an error boundary shows: a page could not be drawn. Nothing was changed by that. */
export function PageFailure({ digest, onRetry }: { digest?: string; onRetry: () => void }) {
  return (
    <div className="mx-auto flex max-w-2xl flex-col gap-3 py-10">
      <h1 className="font-semibold text-xl">This page could not be shown</h1>
      <ErrorNotice
        error={{
          code: 'PAGE_FAILED',
          message: 'Something unexpected went wrong while the page was drawn',
          unaffected: 'clusters, backups and running jobs go on',
          remedy: digest ? `try again; if it stays, look for ${digest} in the log of the web process` : 'try again',
          id: digest,
        }}
      />
      <div>
        <Button tone="primary" icon={<RotateCw aria-hidden className="size-4" />} onClick={onRetry}>
          Try again
        </Button>
      </div>
    </div>
  )
}
