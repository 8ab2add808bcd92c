'use client'

import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { compareNames } from '@/lib/domain/znode/order.ts'
import { ancestorsOf, isWithin, nameOf } from '@/lib/domain/znode/path.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import { viewOfError } from '../request-json.ts'
import {
  collapsePath,
  type Dir,
  expandPath,
  findChangedItems,
  findItem,
  flattenTree,
  forgetBelow,
  setDir,
  type TreeItem,
  type TreeState,
} from './tree-state.ts'

export type DirPage<T> =
  | { readonly kind: 'page'; readonly items: readonly T[]; readonly total: number | null; readonly next: string | null }
  | { readonly kind: 'note'; readonly tone: 'quiet' | 'bad'; readonly text: string }

export interface TreeSource<T extends TreeItem> {
  readonly root: T
  fetchPage(dir: string, page: { after: string | null; limit: number; signal: AbortSignal }): Promise<DirPage<T>>
  isSame(a: T, b: T): boolean
}

const PAGE = 500
/** For a jump far down a long list, where many pages lie before what is on screen. */
const PAGE_FAR = 1000

/**
 * The loaded part of a tree. Children are loaded as an unbroken run from the first one, page by page as they come into view.
 * `source` must be the same object for as long as it is the same tree; another one starts anew.
 */
export function useTree<T extends TreeItem>(source: TreeSource<T>) {
  const start = useCallback(
    (): TreeState<T> => ({ root: source.root, dirs: new Map(), expanded: new Set([source.root.path]) }),
    [source],
  )
  const [state, setState] = useState(start)
  const [error, setError] = useState<ErrorView | null>(null)
  const [flashes, setFlashes] = useState<ReadonlyMap<string, number>>(new Map())
  const latest = useRef(state)
  const life = useRef<AbortController>(new AbortController())
  const queues = useRef(new Map<string, Promise<void>>())

  const update = useCallback((change: (state: TreeState<T>) => TreeState<T>) => {
    latest.current = change(latest.current)
    setState(latest.current)
  }, [])

  useEffect(() => {
    const controller = new AbortController()
    life.current = controller
    queues.current = new Map()
    if (latest.current.root !== source.root) update(start)
    return () => controller.abort()
  }, [source, start, update])

  /** Work on one directory runs one after another, so that pages are never appended to a list that has moved. */
  const enqueue = useCallback((dir: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const { signal } = life.current
    const run = async () => {
      if (signal.aborted) return
      try {
        await work(signal)
        setError(null)
      } catch (failure) {
        if (!signal.aborted) setError(viewOfError(failure))
      }
    }
    const next = (queues.current.get(dir) ?? Promise.resolve()).then(run)
    queues.current.set(dir, next)
    return next
  }, [])

  const appendPage = useCallback(
    async (dir: string, limit: number, signal: AbortSignal) => {
      const known = latest.current.dirs.get(dir)
      if (known && known.next === null) return
      const page = await source.fetchPage(dir, { after: known?.next ?? null, limit, signal })
      if (!signal.aborted) update((current) => setDir(current, dir, joinPage(known, page)))
    },
    [source, update],
  )

  const busy = useRef(new Set<string>())
  /** Loads the next page of a directory; `upTo` is the child index that is on screen. */
  const loadMore = useCallback(
    (dir: string, upTo = 0) => {
      if (busy.current.has(dir)) return
      busy.current.add(dir)
      enqueue(dir, (signal) => {
        const loaded = latest.current.dirs.get(dir)?.items.length ?? 0
        return appendPage(dir, upTo - loaded > PAGE_FAR ? PAGE_FAR : PAGE, signal)
      }).finally(() => busy.current.delete(dir))
    },
    [enqueue, appendPage],
  )

  /** Reads a directory again, as far as `count` children; what is new or changed flashes. */
  const refresh = useCallback(
    (dir: string, count: number) =>
      enqueue(dir, async (signal) => {
        const before = latest.current.dirs.get(dir)
        let fresh: Dir<T> | undefined
        do {
          const rest = count - (fresh?.items.length ?? 0)
          const limit = rest > PAGE ? PAGE_FAR : PAGE
          fresh = joinPage(fresh, await source.fetchPage(dir, { after: fresh?.next ?? null, limit, signal }))
        } while (!signal.aborted && fresh.next !== null && fresh.items.length < count)
        if (signal.aborted) return
        const after = fresh
        update((current) => setDir(forgetVanished(current, before, after), dir, after))
        const changed = before ? findChangedItems(before.items, after.items, source.isSame) : []
        if (changed.length > 0) setFlashes((known) => addFlashes(known, changed))
      }),
    [enqueue, source, update],
  )

  const expand = useCallback(
    (path: string) => {
      update((current) => expandPath(current, path))
      if (!latest.current.dirs.has(path)) loadMore(path)
    },
    [update, loadMore],
  )
  const collapse = useCallback((path: string) => update((current) => collapsePath(current, path)), [update])
  const forget = useCallback((path: string) => update((current) => forgetBelow(current, path)), [update])

  /** Opens every ancestor and loads until the row is there. False when it is not in the tree. */
  const reveal = useCallback(
    async (path: string): Promise<boolean> => {
      const within = ancestorsOf(path).filter((each) => isWithin(each, source.root.path))
      for (const [index, dir] of within.entries()) {
        update((current) => expandPath(current, dir))
        const child = within[index + 1] ?? path
        const name = nameOf(child)
        const isThere = () => findItem(latest.current.dirs.get(dir)?.items ?? [], name) !== -1
        while (!isThere()) {
          const known = latest.current.dirs.get(dir)
          const last = known?.items.at(-1)?.name
          if (known && (known.next === null || (last !== undefined && compareNames(last, name) > 0))) return false
          await enqueue(dir, (signal) => appendPage(dir, PAGE_FAR, signal))
          const grown = latest.current.dirs.get(dir)
          if (life.current.signal.aborted || grown === known || grown === undefined) return false
        }
      }
      return true
    },
    [source, enqueue, appendPage, update],
  )

  const patchItem = useCallback(
    (dir: string, name: string, patch: (item: T) => T) =>
      update((current) => {
        const known = current.dirs.get(dir)
        const at = known ? findItem(known.items, name) : -1
        const item = known?.items[at]
        if (!known || !item) return current
        return setDir(current, dir, { ...known, items: known.items.with(at, patch(item)) })
      }),
    [update],
  )

  const flash = useCallback((path: string) => setFlashes((known) => addFlashes(known, [path])), [])
  const flat = useMemo(() => flattenTree(state), [state])
  return { state, flat, error, flashes, loadMore, refresh, expand, collapse, forget, reveal, patchItem, flash }
}

function joinPage<T extends TreeItem>(known: Dir<T> | undefined, page: DirPage<T>): Dir<T> {
  if (page.kind === 'note') {
    return { items: [], total: null, next: null, note: { tone: page.tone, text: page.text } }
  }
  const items = known ? [...known.items, ...page.items] : page.items
  return { items, total: page.total, next: page.next, note: null }
}

function forgetVanished<T extends TreeItem>(
  state: TreeState<T>,
  before: Dir<T> | undefined,
  after: Dir<T>,
): TreeState<T> {
  if (!before || after.next !== null) return state
  const left = new Set(after.items.map((item) => item.name))
  const gone = before.items.filter((item) => !left.has(item.name) && state.dirs.has(item.path))
  return gone.reduce((current, item) => forgetBelow(current, item.path), state)
}

// A flash is only for the eye: what is further back than this was seen or never will be.
const FLASHES_MAX = 500

function addFlashes(known: ReadonlyMap<string, number>, paths: readonly string[]): ReadonlyMap<string, number> {
  const next = new Map([...known].slice(-FLASHES_MAX))
  for (const path of paths) next.set(path, (next.get(path) ?? 0) + 1)
  return next
}
