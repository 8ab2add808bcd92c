'use client'

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { RequestError } from '@/app/_components/request-json.ts'
import type { IgnoredMode } from '@/lib/services/diffs/schemas.ts'
import type { ResolvedPicksView } from '@/lib/services/diffs/views.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import { resolvePicksAction } from '../actions.ts'
import { findInBrowser, keepInBrowser, keyOfAddress, type PickAddress, toPickAddress } from './pick-address.ts'
import type { Picks } from './picks.ts'

interface Edited {
  readonly picks: Picks
  /** Address that stands for them, and those that the URL still may show on its way there. */
  readonly key: string
  readonly passed: readonly string[]
  /** Whether ignored changes were shown, and under which rules: the counts hold only there. */
  readonly scope: string
}

const NONE: Picks = new Map()

/**
 * What is picked: the URL says which paths, the server what they stand for. A click knows its counts from the row, so that only a
 * link, a reload or a step back asks the server again.
 */
export function usePicks(input: {
  readonly diffId: string
  readonly picked: PickAddress
  readonly setPicked: (picked: PickAddress) => void
  readonly ignored: IgnoredMode
  readonly rulesKey: string
}) {
  const { diffId, picked, ignored } = input
  const key = keyOfAddress(picked)
  const scope = `${ignored} ${input.rulesKey}`
  const [edited, setEdited] = useState<Edited | null>(null)
  const [isKept, setKept] = useState(true)
  const isEdited = edited !== null && edited.scope === scope && (edited.key === key || edited.passed.includes(key))
  const query = useQuery({
    queryKey: ['picks', diffId, key, scope],
    queryFn: () => resolve({ diffId, picked, ignored }),
    enabled: key !== '' && !isEdited,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  // Once the URL has arrived, an older address in it is a step back.
  const arrived = edited !== null && edited.key === key && edited.passed.length > 0
  useEffect(() => {
    if (arrived) setEdited((now) => now && { ...now, passed: [] })
  }, [arrived])
  const setPicks = (picks: Picks) => {
    const address = toPickAddress(picks)
    setKept(address.picks === undefined || keepInBrowser(diffId, picks))
    setEdited({ picks, key: keyOfAddress(address), passed: [...(edited?.passed ?? []), key], scope })
    input.setPicked(address)
  }
  const found = isEdited || key === '' ? undefined : query.data
  return {
    picks: isEdited ? edited.picks : (found?.picks ?? NONE),
    setPicks,
    isLoading: !isEdited && key !== '' && query.isPending,
    error: isEdited ? null : query.error,
    dropped: found?.dropped ?? null,
    /** The link speaks of picks that only another browser has. */
    isElsewhere: found?.isElsewhere ?? false,
    /** Too many for the URL, and the browser keeps nothing: a reload forgets them. */
    isForgetful: !isKept,
  }
}

async function resolve(input: { diffId: string; picked: PickAddress; ignored: IgnoredMode }): Promise<{
  readonly picks: Picks
  readonly dropped: Pick<ResolvedPicksView, 'dropped' | 'droppedCount'> | null
  readonly isElsewhere: boolean
}> {
  const { diffId, picked, ignored } = input
  const kept = picked.picks ? findInBrowser(diffId) : { paths: [...picked.pick], subtrees: [...picked.pickAll] }
  if (kept === null) return { picks: NONE, dropped: null, isElsewhere: true }
  const result = await resolvePicksAction({ diffId, ...kept, ignored })
  if (!result.ok) throw new RequestError(result.error satisfies ErrorView, 0)
  const { picks, dropped, droppedCount } = result.value
  return {
    picks: new Map(picks.map((pick) => [pick.path, pick])),
    dropped: droppedCount > 0 ? { dropped, droppedCount } : null,
    isElsewhere: false,
  }
}
