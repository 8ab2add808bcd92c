'use client'

import clsx from 'clsx'
import { ChevronRight, Search } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { CheckboxField, SelectField, TextField } from '@/app/_ui/field.tsx'
import { type StartSearchInput, startSearchSchema } from '@/lib/services/searches/schemas.ts'
import type { SearchView } from '@/lib/services/searches/views.ts'
import { startSearchAction } from '../actions.ts'

type Where = 'path' | 'text' | 'hex'

const PLACEHOLDERS: Record<Where, string> = {
  path: 'part of a path, or /app/**/*.json',
  text: 'text in values',
  hex: 'bytes in values: ca fe 00',
}

/** Looks for paths or for what values hold in one tree; the results are a page of their own. `/` comes here from anywhere on the page. */
export function SearchForm({
  tree,
  label,
  selected = '/',
  find = '',
  initial,
}: {
  /** TreeRef text. */
  tree: string
  label: string
  /** The znode that is looked at: offered as the place to search. */
  selected?: string
  /** A text that a link brings along; it is shown, not searched yet. */
  find?: string
  initial?: SearchView
}) {
  const router = useRouter()
  const optionsId = useId()
  const input = useRef<HTMLInputElement>(null)
  const [where, setWhere] = useState<Where>(initial && initial.valueForm !== 'none' ? initial.valueForm : 'path')
  const [what, setWhat] = useState(() => find || textOf(initial))
  const [open, setOpen] = useState(false)
  const [pattern, setPattern] = useState(initial && initial.valueForm !== 'none' ? initial.pathPattern : '')
  const [matchCase, setMatchCase] = useState(initial?.matchCase ?? false)
  const [path, setPath] = useState(initial?.path ?? '/')
  const [kind, setKind] = useState<SearchView['kind']>(initial?.kind ?? 'any')
  const [sizes, setSizes] = useState({ min: numberText(initial?.minBytes), max: numberText(initial?.maxBytes) })
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({})
  const start = useAction(startSearchAction, ({ searchId }) => router.push(paths.search(searchId)))

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target
      const isBusy =
        target instanceof HTMLElement && target.closest('input, textarea, select, [role="dialog"]') !== null
      if (event.key !== '/' || isBusy || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      input.current?.focus()
      input.current?.select()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  useEffect(() => {
    if (find === '') return
    setWhat(find)
    setWhere('path')
    input.current?.focus()
  }, [find])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const asked: StartSearchInput = {
      tree,
      path: path.trim() || '/',
      pathPattern: where === 'path' ? what : pattern,
      valueForm: where === 'path' ? 'none' : where,
      value: where === 'path' ? '' : what,
      matchCase,
      kind,
      minBytes: readNumber(sizes.min),
      maxBytes: readNumber(sizes.max),
    }
    const parsed = startSearchSchema.safeParse(asked)
    const found = Object.fromEntries(parsed.error?.issues.map((issue) => [issue.path.join('.'), issue.message]) ?? [])
    setFaults(found)
    if (parsed.success) start.run(asked)
    // What is wrong must be in sight.
    else if (Object.keys(found).some((field) => field !== fieldOfWhat(where))) setOpen(true)
  }
  return (
    <search aria-label={`Search in ${label}`} className="block">
      <form onSubmit={submit} noValidate className="flex flex-col gap-2">
        <div className="flex flex-wrap items-start gap-2">
          <SelectField
            hideLabel
            label="Search in"
            wrapperClassName="w-30"
            value={where}
            onChange={(event) => setWhere(WHERES.find((each) => each === event.target.value) ?? 'path')}
          >
            <option value="path">Paths</option>
            <option value="text">Values</option>
            <option value="hex">Bytes (hex)</option>
          </SelectField>
          <TextField
            ref={input}
            hideLabel
            label="Search for"
            wrapperClassName="min-w-40 flex-1"
            className="font-mono"
            value={what}
            onChange={(event) => setWhat(event.target.value)}
            placeholder={PLACEHOLDERS[where]}
            error={faults[fieldOfWhat(where)]}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="none"
          />
          <Button
            type="submit"
            pending={start.pending}
            title="Search (/)"
            icon={<Search aria-hidden className="size-4" />}
          >
            Search
          </Button>
          <Button
            tone="quiet"
            aria-expanded={open}
            aria-controls={optionsId}
            onClick={() => setOpen(!open)}
            icon={<ChevronRight aria-hidden className={clsx('size-4 transition-transform', open && 'rotate-90')} />}
          >
            Options
          </Button>
        </div>
        {start.error && <ErrorNotice error={start.error} />}
        <div
          id={optionsId}
          hidden={!open}
          className="grid gap-x-4 gap-y-3 rounded-lg border bg-surface p-3 sm:grid-cols-2 xl:grid-cols-4"
        >
          <div className="flex min-w-0 flex-col items-start gap-1">
            <TextField
              label="At and below"
              wrapperClassName="w-full"
              className="font-mono"
              value={path}
              onChange={(event) => setPath(event.target.value)}
              error={faults.path}
              hint="/zookeeper is searched when this path lies in it."
              spellCheck={false}
            />
            {selected !== path && (
              <Button size="small" onClick={() => setPath(selected)} className="max-w-full">
                <span className="truncate">Only {selected === '/' ? 'the whole tree' : selected}</span>
              </Button>
            )}
          </div>
          <TextField
            label="Only paths with"
            className="font-mono"
            value={where === 'path' ? '' : pattern}
            disabled={where === 'path'}
            onChange={(event) => setPattern(event.target.value)}
            error={where === 'path' ? undefined : faults.pathPattern}
            hint="Any part of a path, or a glob of it: * within a name, ** across names, \* for a star."
            spellCheck={false}
          />
          <SelectField
            label="Kind"
            value={kind}
            onChange={(event) => setKind(KINDS.find((each) => each === event.target.value) ?? 'any')}
          >
            <option value="any">All znodes</option>
            <option value="lasting">Without ephemeral znodes</option>
            <option value="ephemeral">Only ephemeral znodes</option>
          </SelectField>
          <div className="grid grid-cols-2 gap-2">
            <TextField
              label="Bytes from"
              inputMode="numeric"
              value={sizes.min}
              onChange={(event) => setSizes({ ...sizes, min: event.target.value })}
              error={faults.minBytes}
            />
            <TextField
              label="to"
              inputMode="numeric"
              value={sizes.max}
              onChange={(event) => setSizes({ ...sizes, max: event.target.value })}
              error={faults.maxBytes}
            />
          </div>
          <CheckboxField
            label="Match case"
            checked={matchCase}
            onChange={(event) => setMatchCase(event.target.checked)}
          />
          <p className="text-muted text-xs sm:col-span-2 xl:col-span-3">
            Values packed with gzip or zstd are searched unpacked as well. What you look for in values is stored
            encrypted; the audit has its length only.
          </p>
        </div>
      </form>
    </search>
  )
}

const WHERES: readonly Where[] = ['path', 'text', 'hex']
const KINDS: readonly SearchView['kind'][] = ['any', 'lasting', 'ephemeral']

const fieldOfWhat = (where: Where) => (where === 'path' ? 'pathPattern' : 'value')
const numberText = (value: number | null | undefined) => (value === null || value === undefined ? '' : String(value))

function textOf(search: SearchView | undefined): string {
  if (!search) return ''
  return search.valueForm === 'none' ? search.pathPattern : (search.value ?? '')
}

/** Null for an empty field; NaN, which the schema refuses, for what is no number. */
function readNumber(text: string): number | null {
  const digits = text.trim().replaceAll(',', '')
  if (digits === '') return null
  return /^\d+$/.test(digits) ? Number(digits) : Number.NaN
}
