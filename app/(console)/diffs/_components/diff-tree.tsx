'use client'

import { Search, Zap } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { CHANGE_LOOKS, ChangeMark } from '@/app/_components/change-mark.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useTree } from '@/app/_components/tree/use-tree.ts'
import { VirtualTree, type VirtualTreeHandle } from '@/app/_components/tree/virtual-tree.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { DrawnText } from '@/app/_ui/drawn-text.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import type { ChangeFilter, IgnoredMode } from '@/lib/services/diffs/schemas.ts'
import type { ChangeCounts, DiffTreeRow, DiffView, IgnoredView } from '@/lib/services/diffs/views.ts'
import { ChangePanel } from './change-panel.tsx'
import { type DiffItem, diffSource } from './diff-source.ts'
import { PickBar } from './pick-bar.tsx'
import { PickNotices } from './pick-notices.tsx'
import { addPick, countAll, type Picks, pickStateOf, removePick, togglePick } from './picks.ts'
import { CHANGE_FIELDS, CHANGE_KINDS, useDiffFilter } from './use-diff-filter.ts'
import { usePicks } from './use-picks.ts'

/** The tree that holds only what differs, the change that is looked at, and what is picked for a restore. */
export function DiffTree({
  diff,
  counts,
  report,
}: {
  diff: DiffView
  /** Of what is shown. */
  counts: ChangeCounts
  report: IgnoredView
}) {
  const { filter, path, ignored, picked, setFilter, setPath, setPicked } = useDiffFilter(diff.id)
  const picking = usePicks({ diffId: diff.id, picked, setPicked, ignored, rulesKey: report.rulesKey })
  const { picks, setPicks } = picking
  const [root, setRoot] = useState<DiffTreeRow | null>(null)
  const { rulesKey } = report
  // Other rules make another tree of the same diff.
  const filterText = JSON.stringify({ ...filter, ignored, rulesKey })
  const { id, path: diffPath } = diff
  const source = useMemo(() => {
    const parsed: ChangeFilter & { ignored: IgnoredMode } = JSON.parse(filterText)
    return diffSource({ id, path: diffPath }, parsed, setRoot)
  }, [id, diffPath, filterText])
  const tree = useTree(source)
  const handle = useRef<VirtualTreeHandle>(null)

  const [isRevealed, setRevealed] = useState(path === null)
  const flatRef = useRef(tree.flat)
  flatRef.current = tree.flat
  const { reveal } = tree
  useEffect(() => {
    if (path === null || flatRef.current.indexOf(path) !== -1) return
    reveal(path).then(() => {
      setRevealed(true)
      handle.current?.show(path)
    })
  }, [path, reveal])

  const withRoot = useCallback(
    (item: DiffItem): DiffItem =>
      item.path === diffPath && root
        ? { ...item, change: root.change, fields: root.fields, ignored: root.ignored }
        : item,
    [diffPath, root],
  )
  const itemOf = (wanted: string): DiffItem | null => {
    const at = tree.flat.indexOf(wanted)
    const row = at === -1 ? null : tree.flat.rowAt(at)
    return row?.kind === 'item' ? withRoot(row.item) : null
  }
  // The root row knows no counts of its own: the summary has them.
  const forPicking = (item: DiffItem): DiffItem =>
    item.path === diffPath
      ? { ...item, below: { added: counts.added, removed: counts.removed, changed: counts.changed }, change: null }
      : item
  const toggle = (wanted: string) => {
    const item = itemOf(wanted)
    if (item) setPicks(togglePick(picks, forPicking(item)))
  }
  const selected = path === null ? null : itemOf(path)
  return (
    <div className="flex flex-col gap-2">
      <DiffFilterBar filter={filter} onChange={setFilter} />
      {tree.error && <ErrorNotice error={tree.error} />}
      <PickNotices picking={picking} ignored={ignored} />
      <div className="grid min-h-0 gap-3 lg:grid-cols-[minmax(20rem,2fr)_minmax(0,3fr)]">
        <div className="flex h-[45dvh] min-h-0 flex-col rounded-lg border bg-surface lg:sticky lg:top-15 lg:h-[calc(100dvh-9rem)]">
          <VirtualTree
            ref={handle}
            label="Znodes that differ"
            flat={tree.flat}
            selected={path}
            onSelect={setPath}
            onExpand={tree.expand}
            onCollapse={tree.collapse}
            onPick={toggle}
            onNeed={tree.loadMore}
            labelOf={(item) => labelOf(withRoot(item))}
            checkedOf={(item) => CHECKED[pickStateOf(picks, item.path)]}
            renderBefore={(item) => <PickBox item={item} picks={picks} onToggle={() => toggle(item.path)} />}
            renderAfter={(item) => <DiffRowFacts item={withRoot(item)} />}
            className="flex-1 rounded-lg py-1"
          />
        </div>
        {path === null ? (
          <div className="rounded-lg border bg-surface">
            <EmptyState title="Choose a znode on the left">
              Its value, ACL and facts are shown side by side. Tick rows to put them back.
            </EmptyState>
          </div>
        ) : (
          <ChangePanel
            key={path}
            diff={diff}
            path={path}
            item={selected}
            isSought={!isRevealed}
            pickState={pickStateOf(picks, path)}
            onPickAlone={() => selected && setPicks(addPick(picks, selected, { subtree: false }))}
            onPickSubtree={() => selected && setPicks(addPick(picks, forPicking(selected), { subtree: true }))}
            onUnpick={() => setPicks(removePick(picks, path))}
          />
        )}
      </div>
      <PickBar
        diff={diff}
        picks={picks}
        isLoading={picking.isLoading}
        leavesOut={ignored === 'hide' && report.rules.length > 0}
        onClear={() => setPicks(new Map())}
      />
    </div>
  )
}

const CHECKED = { picked: 'true', inherited: 'true', mixed: 'mixed', none: 'false' } as const

function labelOf(item: DiffItem): string {
  const change = item.change === 'changed' ? ` changed ${item.fields.join(', ')}` : item.change ? ` ${item.change}` : ''
  const parts = [`${item.name}${change}`]
  if (item.ephemeral) parts.push('ephemeral')
  if (item.ignored) parts.push('ignored')
  const below = countAll(item.below)
  if (below > 0) parts.push(`${below} below`)
  return parts.join(', ')
}

function PickBox({ item, picks, onToggle }: { item: DiffItem; picks: Picks; onToggle: () => void }) {
  const state = pickStateOf(picks, item.path)
  return (
    <input
      type="checkbox"
      tabIndex={-1}
      aria-label={`Pick ${item.path}`}
      checked={state === 'picked' || state === 'inherited'}
      ref={(box) => {
        if (box) box.indeterminate = state === 'mixed'
      }}
      disabled={state === 'inherited'}
      title={state === 'inherited' ? 'Picked with the subtree that it lies in' : undefined}
      onChange={onToggle}
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      className="size-3.5 shrink-0"
    />
  )
}

function DiffRowFacts({ item }: { item: DiffItem }) {
  return (
    <span className="flex shrink-0 items-center gap-2">
      {item.ignored && (
        <DrawnText text="ignored" title="An ignore rule hides this change" className="text-muted text-xs" />
      )}
      {item.ephemeral && <Zap aria-hidden className="size-3.5 text-ephemeral" />}
      {CHANGE_KINDS.filter((kind) => item.below[kind] > 0).map((kind) => (
        <DrawnText
          key={kind}
          text={`${CHANGE_LOOKS[kind].sign}${formatCount(item.below[kind])}`}
          title={`${formatCount(item.below[kind])} ${kind} below`}
          className={`text-xs ${CHANGE_LOOKS[kind].text}`}
        />
      ))}
      {item.change && <ChangeMark change={item.change} fields={item.fields} drawn />}
    </span>
  )
}

const SEARCH_DELAY_MS = 250
const FIELD_NAMES = { data: 'Value', acl: 'ACL', kind: 'Kind' }

function DiffFilterBar({ filter, onChange }: { filter: ChangeFilter; onChange: (filter: ChangeFilter) => void }) {
  const flip = <T extends string>(list: readonly T[], value: T) =>
    list.includes(value) ? list.filter((each) => each !== value) : [...list, value]
  const [search, setSearch] = useState(filter.search)
  useEffect(() => setSearch(filter.search), [filter.search])
  useEffect(() => {
    if (search === filter.search) return
    const timer = setTimeout(() => onChange({ ...filter, search }), SEARCH_DELAY_MS)
    return () => clearTimeout(timer)
  }, [search, filter, onChange])
  const isFiltered = filter.kinds.length > 0 || filter.fields.length > 0 || filter.search !== ''
  return (
    <search aria-label="Filter of the differences" className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <div className="relative min-w-48 flex-1 sm:max-w-80">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2 size-4 text-muted" />
        <TextField
          label="Part of the path"
          hideLabel
          type="search"
          placeholder="Part of the path"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          className="pl-8 font-mono"
          spellCheck={false}
        />
      </div>
      <fieldset className="flex gap-1">
        <legend className="sr-only">Kinds of change</legend>
        {CHANGE_KINDS.map((kind) => (
          <Button
            key={kind}
            size="small"
            aria-pressed={filter.kinds.includes(kind)}
            className={
              filter.kinds.includes(kind) ? `${CHANGE_LOOKS[kind].soft} ${CHANGE_LOOKS[kind].text} font-medium` : ''
            }
            onClick={() => onChange({ ...filter, kinds: flip(filter.kinds, kind) })}
          >
            <span aria-hidden>{CHANGE_LOOKS[kind].sign}</span>
            {kind}
          </Button>
        ))}
      </fieldset>
      <fieldset className="flex gap-1">
        <legend className="sr-only">What differs in changed znodes</legend>
        {CHANGE_FIELDS.map((field) => (
          <Button
            key={field}
            size="small"
            aria-pressed={filter.fields.includes(field)}
            className={filter.fields.includes(field) ? 'bg-accent-soft font-medium text-accent' : ''}
            onClick={() => onChange({ ...filter, fields: flip(filter.fields, field) })}
          >
            {FIELD_NAMES[field]}
          </Button>
        ))}
      </fieldset>
      {isFiltered && (
        <Button size="small" tone="quiet" onClick={() => onChange({ kinds: [], fields: [], search: '' })}>
          Clear filter
        </Button>
      )}
    </search>
  )
}
