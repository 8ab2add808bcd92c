'use client'

import { useEffect } from 'react'

/**
 * Takes whoever comes with one of these ids behind the `#` there. The browser does so by itself only where the part stands in the page
 * from the start: who comes from another page of ours got a skeleton first.
 */
export function Landing({ at }: { at: readonly string[] }) {
  useEffect(() => {
    const asked = location.hash.slice(1)
    const element = at.includes(asked) ? document.getElementById(asked) : null
    element?.scrollIntoView()
    element?.focus({ preventScroll: true })
  }, [at])
  return null
}
