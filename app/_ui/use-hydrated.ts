'use client'

import { useSyncExternalStore } from 'react'

const subscribe = () => () => undefined

/**
 * False in the page as the server sends it, until its script has taken it over: what is pressed or chosen before that
 * would go unheard, or as a plain form into the address.
 */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => true,
    () => false,
  )
}
