'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

const EACH_MS = 60_000

/** The page is drawn by the server; while somebody looks at it, it is drawn anew as often as there can be something new. */
export function RefreshEachMinute() {
  const router = useRouter()
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') router.refresh()
    }, EACH_MS)
    return () => clearInterval(timer)
  }, [router])
  return null
}
