'use client'

import { useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import { readSomeOf, readText } from '@/app/_nav/search-params.ts'
import type { ChangeFilter } from '@/lib/services/diffs/schemas.ts'

export const CHANGE_KINDS = ['added', 'removed', 'changed'] as const
export const CHANGE_FIELDS = ['data', 'acl', 'kind'] as const

/** The filter and the shown change live in the URL, so that a colleague sees the same. */
export function useDiffFilter(diffId: string) {
  const params = useSearchParams()
  const text = params.toString()
  const state = useMemo(() => {
    const search = new URLSearchParams(text)
    return {
      filter: {
        kinds: readSomeOf(search, 'kind', CHANGE_KINDS),
        fields: readSomeOf(search, 'field', CHANGE_FIELDS),
        search: readText(search, 'search'),
      } satisfies ChangeFilter,
      path: readText(search, 'path') || null,
    }
  }, [text])
  const setFilter = useCallback(
    (filter: ChangeFilter) => window.history.replaceState(null, '', paths.diff(diffId, filter)),
    [diffId],
  )
  const setPath = useCallback(
    (path: string) => window.history.pushState(null, '', paths.diff(diffId, { ...state.filter, path })),
    [diffId, state.filter],
  )
  return { ...state, setFilter, setPath }
}
