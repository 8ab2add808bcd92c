'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

/** The page is drawn by the server; while somebody looks at it, it is drawn anew as often as there can be something new. */
export function RefreshEach({ ms }: { ms: number }) {
  const router = useRouter()
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') router.refresh()
    }, ms)
    return () => clearInterval(timer)
  }, [router, ms])
  return null
}
