'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useSearchParams } from 'next/navigation'
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { countShownOf, visibleDirs } from '@/app/_components/tree/tree-state.ts'
import { useTree } from '@/app/_components/tree/use-tree.ts'
import { VirtualTree, type VirtualTreeHandle } from '@/app/_components/tree/virtual-tree.tsx'
import { type ShownView, VALUE_VIEWS } from '@/app/_components/value/value-viewer.tsx'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { readOneOf, readText } from '@/app/_nav/search-params.ts'
import { Button } from '@/app/_ui/button.tsx'
import { findPathFault, isWithin, nameOf, parentPath } from '@/lib/domain/znode/path.ts'
import { formatTreeRef, parseTreeRef } from '@/lib/services/tree/tree-ref.ts'
import type { TreeEventView, ZnodeReadingView } from '@/lib/services/tree/views.ts'
import { SearchForm } from '../../searches/_components/search-form.tsx'
import { LiveIndicator } from './live-indicator.tsx'
import { LostConnection } from './lost-connection.tsx'
import { PathBar } from './path-bar.tsx'
import { UndoEdit } from './undo-edit.tsx'
import { useTreeEvents } from './use-tree-events.ts'
import { type ShownPart, ZnodePanel, type ZnodeWritten } from './znode-panel.tsx'
import { ZnodeRowFacts, znodeRowLabel } from './znode-row.tsx'
import { type ZnodeItem, znodeSource } from './znode-source.ts'

/** What may be done to the znodes shown. A backup or a moment is never changed. */
export type TreeWriting =
  | { readonly kind: 'live'; readonly clusterId: string; readonly clusterName: string; readonly isArmed: boolean }
  | { readonly kind: 'backup'; readonly backupId: string; readonly clusterId: string }
  | { readonly kind: 'moment'; readonly clusterId: string; readonly zxid: string }

const WATCHED_DIRS_MAX = 200
const NOTHING: readonly string[] = []

/** The one tree page: a live cluster and a backup look and feel the same; only a live one moves by itself. */
export function TreeBrowser({ tree, label, writing }: { tree: TreeAddress; label: string; writing: TreeWriting }) {
  const params = useSearchParams()
  const asked = readText(new URLSearchParams(params), 'path') || '/'
  const selected = findPathFault(asked) === null ? asked : '/'
  const find = readText(new URLSearchParams(params), 'find')
  const view = readOneOf(new URLSearchParams(params), 'view', VALUE_VIEWS) ?? null
  const part = readPart(new URLSearchParams(params))
  const shownKind = part.kind
  const source = useMemo(() => znodeSource({ kind: tree.kind, id: tree.id }), [tree.kind, tree.id])
  const znodes = useTree<ZnodeItem>(source)
  const { loadMore, reveal, refresh, patchItem, flash, expand, collapse } = znodes
  const handle = useRef<VirtualTreeHandle>(null)
  const queries = useQueryClient()
  const [paused, setPaused] = useState(false)
  const [lastEdit, setLastEdit] = useState<ZnodeWritten | null>(null)

  const select = useCallback(
    (path: string, next: { view?: ShownView } = {}) => {
      // Whoever reads histories or logs goes on reading them at the next znode.
      const log = shownKind === 'log' ? '' : null
      const url = paths.tree(tree, { path, view: next.view, history: shownKind === 'history', log })
      showAddress(url, 'pushState')
    },
    [tree, shownKind],
  )
  const flatRef = useRef(znodes.flat)
  flatRef.current = znodes.flat
  // A link into the tree, the path box, the browser's back button: the row is opened and shown.
  useEffect(() => {
    if (flatRef.current.indexOf(selected) === -1) reveal(selected).then(() => handle.current?.show(selected))
  }, [selected, reveal])
  const go = useCallback(
    (path: string) => {
      select(path)
      handle.current?.show(path)
    },
    [select],
  )

  const readZnode = useCallback(
    (path: string) => queries.invalidateQueries({ queryKey: ['znode', tree.kind, tree.id, path] }),
    [queries, tree.kind, tree.id],
  )
  const range = useRef({ first: 0, last: 0 })
  const onRange = useCallback((next: { first: number; last: number }) => {
    range.current = next
  }, [])
  const stateRef = useRef(znodes.state)
  stateRef.current = znodes.state
  /** Reads a directory again as far as it is loaded, and tells its own row how many children it has now. */
  const readDir = useThrottledByKey(
    useCallback(
      async (dir: string) => {
        // What is beyond the screen is read when it comes into view.
        await refresh(dir, countShownOf(flatRef.current, dir, range.current))
        const total = stateRef.current.dirs.get(dir)?.total ?? 0
        patchItem(parentPath(dir), nameOf(dir), (item) => ({ ...item, numChildren: total, hasChildren: total > 0 }))
      },
      [refresh, patchItem],
    ),
  )
  const dirs = useMemo(() => {
    const open = visibleDirs(znodes.state)
    // The selected row shows its number of children, so its children are watched too.
    return [...new Set([selected, ...open])].slice(0, WATCHED_DIRS_MAX)
  }, [znodes.state, selected])
  const watchedZnodes = useMemo(() => [selected], [selected])
  const isLive = tree.kind === 'live'
  const onEvent = (event: TreeEventView) => {
    if (event.kind === 'connection') return
    if (event.kind === 'children') readDir(event.path)
    if (event.kind === 'created' || event.kind === 'deleted') readDir(parentPath(event.path))
    if (event.kind === 'data') flash(event.path)
    if (event.path === selected || event.kind !== 'children') readZnode(event.path)
    if (event.kind === 'children' && event.path === selected) readZnode(selected)
  }
  const live = useTreeEvents({
    clusterId: tree.id,
    dirs: isLive ? dirs : NOTHING,
    znodes: isLive ? watchedZnodes : NOTHING,
    paused: paused || !isLive,
    onOpen: (added) => {
      for (const dir of added.dirs) {
        if (stateRef.current.dirs.has(dir)) readDir(dir)
        else if (stateRef.current.expanded.has(dir)) loadMore(dir)
      }
      for (const path of added.znodes) readZnode(path)
    },
    onEvent,
  })

  /** After a write of ours: what it touched is read at once, watches or not. */
  const onWritten = useCallback(
    async (written: ZnodeWritten) => {
      setLastEdit(written)
      if (written.kind === 'changed') {
        flash(written.path)
        readZnode(written.path)
        return
      }
      const parent = parentPath(written.path)
      await readDir(parent)
      if (written.kind === 'created') {
        expand(parent)
        go(written.path)
      } else if (isWithin(selected, written.path)) go(parent)
    },
    [flash, readZnode, readDir, expand, go, selected],
  )

  const onRead = useCallback(
    (reading: ZnodeReadingView) => {
      if (reading.kind !== 'found') return
      const { path, kind, stat } = reading.znode
      patchItem(parentPath(path), nameOf(path), (item) => ({
        ...item,
        kind,
        mzxid: stat.mzxid,
        dataLength: stat.dataLength,
        numChildren: stat.numChildren,
        hasChildren: stat.numChildren > 0,
      }))
    },
    [patchItem],
  )

  const nothingLoaded = znodes.state.dirs.size === 0 ? znodes.error : null
  const renderAfter = useCallback((item: ZnodeItem): ReactNode => <ZnodeRowFacts item={item} />, [])
  return (
    <div className="flex min-h-0 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <PathBar path={selected} onGo={go} />
        {isLive && <LiveIndicator state={live} paused={paused} onPause={setPaused} />}
      </div>
      <SearchForm tree={`${tree.kind}:${tree.id}`} label={label} selected={selected} find={find} />
      {isLive && live.kind === 'lost' && !nothingLoaded && <LostConnection clusterId={tree.id} error={live.error} />}
      {lastEdit?.editId && (
        <UndoEdit key={lastEdit.editId} edit={lastEdit} editId={lastEdit.editId} onClose={() => setLastEdit(null)} />
      )}
      {nothingLoaded ? (
        <ErrorNotice
          error={nothingLoaded}
          action={
            <Button size="small" onClick={() => loadMore('/')}>
              Try again
            </Button>
          }
        />
      ) : (
        <div className="grid min-h-0 gap-3 lg:grid-cols-[minmax(18rem,2fr)_minmax(0,3fr)]">
          <div className="flex h-[42dvh] min-h-0 flex-col rounded-lg border bg-surface lg:sticky lg:top-15 lg:h-[calc(100dvh-14rem)]">
            {znodes.error && (
              <p role="alert" className="border-b px-3 py-1.5 text-removed text-xs">
                Not all rows could be read: {znodes.error.message}.
              </p>
            )}
            <VirtualTree
              ref={handle}
              label={`Znodes of ${label}`}
              flat={znodes.flat}
              selected={selected}
              flashes={znodes.flashes}
              onSelect={select}
              onExpand={expand}
              onCollapse={collapse}
              onNeed={loadMore}
              onRange={onRange}
              labelOf={znodeRowLabel}
              renderAfter={renderAfter}
              className="flex-1 rounded-lg py-1"
            />
          </div>
          <ZnodePanel
            key={`${tree.kind} ${tree.id} ${selected}`}
            tree={tree}
            path={selected}
            view={view}
            onView={(next) => showAddress(paths.tree(tree, { path: selected, view: next }))}
            part={part}
            onPart={(next) => {
              const [from, to] = next.kind === 'history' ? [next.from ?? undefined, next.to ?? undefined] : []
              const log = next.kind === 'log' ? next.zxid : null
              const url = paths.tree(tree, { path: selected, history: next.kind === 'history', from, to, log })
              if (next.kind === part.kind) showAddress(url)
              else showAddress(url, 'pushState')
            }}
            onGo={go}
            writing={writing}
            onWritten={onWritten}
            onRead={onRead}
          />
        </div>
      )}
    </div>
  )
}

function readPart(params: URLSearchParams): ShownPart {
  const kind = readOneOf(params, 'show', ['history', 'log'])
  if (kind === undefined) return { kind: 'here' }
  if (kind === 'log') {
    const zxid = readText(params, 'txn')
    return { kind, zxid: /^0x[0-9a-f]{1,16}$/.test(zxid) ? zxid : '' }
  }
  const side = (key: string) => {
    const ref = parseTreeRef(readText(params, key))
    return ref && formatTreeRef(ref)
  }
  return { kind, from: side('from'), to: side('to') }
}

const THROTTLE_MS = 400
/** A directory that takes long to read is read less often. */
const REST_PER_WORK = 2

/** At most one run at a time for each key; calls meanwhile are answered by one more run at the end. */
function useThrottledByKey(work: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const running = useRef(new Map<string, { again: boolean; done: Promise<void> }>())
  return useCallback(
    (key) => {
      const known = running.current.get(key)
      if (known) {
        known.again = true
        return known.done
      }
      const entry = { again: false, done: Promise.resolve() }
      const run = async () => {
        do {
          entry.again = false
          const startedAt = performance.now()
          await work(key)
          const restMs = Math.max(THROTTLE_MS, (performance.now() - startedAt) * REST_PER_WORK)
          if (entry.again) await new Promise((resolve) => setTimeout(resolve, restMs))
        } while (entry.again)
        running.current.delete(key)
      }
      entry.done = run()
      running.current.set(key, entry)
      return entry.done
    },
    [work],
  )
}
