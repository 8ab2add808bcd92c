'use client'

import { useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { readList, readOneOf, readSomeOf, readText } from '@/app/_nav/search-params.ts'
import { type ChangeFilter, IGNORED_MODES, type IgnoredMode } from '@/lib/services/diffs/schemas.ts'
import type { PickAddress } from './pick-address.ts'

export const CHANGE_KINDS = ['added', 'removed', 'changed'] as const
export const CHANGE_FIELDS = ['data', 'acl', 'kind'] as const

function readAddress(search: URLSearchParams) {
  const picks: PickAddress = {
    pick: readList(search, 'pick'),
    pickAll: readList(search, 'pickAll'),
    picks: readOneOf(search, 'picks', ['browser']),
  }
  return {
    kinds: readSomeOf(search, 'kind', CHANGE_KINDS),
    fields: readSomeOf(search, 'field', CHANGE_FIELDS),
    search: readText(search, 'search'),
    path: readText(search, 'path'),
    ignored: readOneOf(search, 'ignored', IGNORED_MODES),
    ...picks,
  }
}

/** The filter, the shown change, what is picked and whether ignored changes are shown live in the URL, so that a colleague sees the same. */
export function useDiffFilter(diffId: string) {
  const params = useSearchParams()
  const text = params.toString()
  const state = useMemo(() => {
    const { kinds, fields, search, path, ignored, pick, pickAll, picks } = readAddress(new URLSearchParams(text))
    return {
      filter: { kinds, fields, search } satisfies ChangeFilter,
      path: path || null,
      ignored: ignored ?? 'hide',
      picked: { pick, pickAll, picks } satisfies PickAddress,
    }
  }, [text])
  // The address bar is asked, not the last render: two changes in a row must not undo each other.
  const go = useCallback(
    (changes: Parameters<typeof paths.diff>[1], how: 'pushState' | 'replaceState' = 'replaceState') => {
      const now = readAddress(new URLSearchParams(window.location.search))
      showAddress(paths.diff(diffId, { ...now, ...changes }), how)
    },
    [diffId],
  )
  const setFilter = useCallback((filter: ChangeFilter) => go({ ...filter, path: undefined }), [go])
  const setPath = useCallback((path: string) => go({ path }, 'pushState'), [go])
  const setIgnored = useCallback((mode: IgnoredMode) => go({ ignored: mode === 'show' ? mode : undefined }), [go])
  const setPicked = useCallback((picked: PickAddress) => go(picked), [go])
  return { ...state, setFilter, setPath, setIgnored, setPicked }
}
