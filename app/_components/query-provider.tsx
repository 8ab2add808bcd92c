'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { RequestError } from './request-json.ts'

export function QueryProvider({ children }: { children: ReactNode }) {
  const [client] = useState(
    () =>
      new QueryClient({
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
