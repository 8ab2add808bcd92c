import type { Picks } from './picks.ts'

/** Picks as a URL says them: paths only. What they stand for is asked of the server. */
export interface PickAddress {
  /** Znodes alone. */
  readonly pick: readonly string[]
  /** Znodes with all below them. */
  readonly pickAll: readonly string[]
  /** They are too many for a URL: the browser that made them keeps them. */
  readonly picks: 'browser' | undefined
}

/** A URL of this length still passes through chat programs, proxies and servers. */
const URL_CHARACTERS_MAX = 1500

export const NOTHING_PICKED: PickAddress = { pick: [], pickAll: [], picks: undefined }

export function toPickAddress(picks: Picks): PickAddress {
  const all = [...picks.values()]
  const address = {
    pick: all.filter((one) => !one.subtree).map((one) => one.path),
    pickAll: all.filter((one) => one.subtree).map((one) => one.path),
    picks: undefined,
  }
  const search = new URLSearchParams()
  for (const path of address.pick) search.append('pick', path)
  for (const path of address.pickAll) search.append('pickAll', path)
  return search.toString().length <= URL_CHARACTERS_MAX ? address : { ...NOTHING_PICKED, picks: 'browser' }
}

/** Two addresses of the same picks have the same key; empty when nothing is picked. */
export function keyOfAddress({ pick, pickAll, picks }: PickAddress): string {
  if (picks) return picks
  return pick.length + pickAll.length === 0 ? '' : JSON.stringify([pick, pickAll])
}

const storeKey = (diffId: string) => `arkeeper:picks:${diffId}`

/** False when the browser keeps nothing (a private window, a full store). */
export function keepInBrowser(diffId: string, picks: Picks): boolean {
  const all = [...picks.values()]
  const value = {
    paths: all.filter((one) => !one.subtree).map((one) => one.path),
    subtrees: all.filter((one) => one.subtree).map((one) => one.path),
  }
  try {
    window.localStorage.setItem(storeKey(diffId), JSON.stringify(value))
    return true
  } catch {
    return false
  }
}

/** Null when this browser has none for the diff. */
export function findInBrowser(diffId: string): { paths: string[]; subtrees: string[] } | null {
  try {
    const value: unknown = JSON.parse(window.localStorage.getItem(storeKey(diffId)) ?? 'null')
    if (typeof value !== 'object' || value === null || !('paths' in value) || !('subtrees' in value)) return null
    const { paths, subtrees } = value
    return isTexts(paths) && isTexts(subtrees) ? { paths, subtrees } : null
  } catch {
    return null
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
