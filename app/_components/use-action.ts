'use client'

import { useRouter } from 'next/navigation'
import { useCallback, useState, useTransition } from 'react'
import { currentAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import type { ActionResult, ErrorView } from '@/lib/services/error-view.ts'

const LOST: ErrorView = {
  code: 'UNREACHABLE',
  message: 'Arkeeper did not answer',
  remedy: 'look at the page again to see whether the step was taken, then repeat it if it was not',
}

/** Runs a server action: pending while it runs, its error as a view, `onDone` with its value. */
export function useAction<Input, T>(
  call: (input: Input) => Promise<ActionResult<T>>,
  onDone?: (value: T) => void,
): {
  run: (input: Input) => void
  pending: boolean
  error: ErrorView | null
  clear: () => void
} {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  const [error, setError] = useState<ErrorView | null>(null)
  const clear = useCallback(() => setError(null), [])
  const run = (input: Input) => {
    startTransition(async () => {
      setError(null)
      const result = await call(input).catch((): ActionResult<T> => ({ ok: false, error: LOST }))
      if (result.ok) onDone?.(result.value)
      else if (result.error.code === 'SIGNED_OUT') {
        router.push(paths.signIn({ next: currentAddress() }))
      } else setError(result.error)
    })
  }
  return { run, pending, error, clear }
}
