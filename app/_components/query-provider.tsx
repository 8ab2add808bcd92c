'use client'

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { currentAddress, goTo } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { RequestError } from './request-json.ts'

export function QueryProvider({ children }: { children: ReactNode }) {
  const [client] = useState(
    () =>
      new QueryClient({
        queryCache: new QueryCache({ onError: signInWhenSignedOut }),
        defaultOptions: {
          queries: {
            // Answers that say "no" do not change by asking again at once.
            retry: (count, error) =>
              count < 1 && !(error instanceof RequestError && error.status >= 400 && error.status < 500),
            refetchOnWindowFocus: true,
            staleTime: 1000,
          },
        },
      }),
  )
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>
}

/** A page that asks again and again learns by itself that its session has ended; after signing in one is back where one was. */
function signInWhenSignedOut(error: Error): void {
  if (!(error instanceof RequestError) || error.view.code !== 'SIGNED_OUT') return
  goTo(paths.signIn({ next: currentAddress() }))
}
