'use client'

import { useQuery } from '@tanstack/react-query'
import clsx from 'clsx'
import { Compass } from 'lucide-react'
import Link from 'next/link'
import { usePathname, useRouter } from 'next/navigation'
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useId, useMemo, useState } from 'react'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog } from '@/app/_ui/dialog.tsx'
import { controlClass } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { PlacesView } from '@/lib/services/places/views.ts'
import { findTypedPathFault, listCommands, type PaletteCommand } from './palette-commands.ts'

type Clusters = readonly { readonly id: string; readonly name: string }[]

/** Ctrl-K or ⌘-K from anywhere: type, choose, be there. */
export function CommandPalette({ clusters }: { clusters: Clusters }) {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || event.altKey || event.shiftKey || event.ctrlKey === event.metaKey) return
      event.preventDefault()
      setOpen((current) => !current)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <Button
        tone="quiet"
        aria-label="Go to…"
        title="Go to… (Ctrl K or ⌘ K)"
        aria-haspopup="dialog"
        icon={<Compass aria-hidden className="size-4.5" />}
        onClick={() => setOpen(true)}
      >
        <span className="max-sm:hidden">Go to…</span>
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title="Go to">
        <Palette clusters={clusters} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

const STEPS: Record<string, (index: number, count: number) => number> = {
  ArrowDown: (index, count) => (index + 1) % count,
  ArrowUp: (index, count) => (index + count - 1) % count,
  PageDown: (index, count) => Math.min(index + 8, count - 1),
  PageUp: (index) => Math.max(index - 8, 0),
}

/** A combobox whose list is always open: the field keeps the focus and names the active option. */
function Palette({ clusters, onDone }: { clusters: Clusters; onDone: () => void }) {
  const id = useId()
  const router = useRouter()
  const pathname = usePathname()
  const [text, setText] = useState('')
  /** By its address: recent places that arrive meanwhile put no other one under the mark. Null: the best one. */
  const [active, setActive] = useState<string | null>(null)
  const places = useQuery({
    queryKey: ['places'],
    queryFn: ({ signal }) => requestJson<PlacesView>(paths.api.places(), { signal }),
  })
  const commands = useMemo(
    () => listCommands({ clusters, places: places.data ?? null, pathname, text }),
    [clusters, places.data, pathname, text],
  )
  const [best] = commands
  if (active === null && best) setActive(best.href)
  const at = Math.max(
    commands.findIndex((command) => command.href === active),
    best ? 0 : -1,
  )
  const fault = findTypedPathFault(text)
  const optionId = (index: number) => `${id}-option-${index}`
  useEffect(() => {
    if (at >= 0) document.getElementById(`${id}-option-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [at, id])

  const onKeyDown = (event: ReactKeyboardEvent) => {
    const step = STEPS[event.key]
    const chosen = commands[at]
    if (step && commands.length > 0) {
      event.preventDefault()
      setActive(commands[step(at, commands.length)]?.href ?? null)
    } else if (event.key === 'Enter' && chosen && !event.nativeEvent.isComposing) {
      event.preventDefault()
      onDone()
      router.push(chosen.href)
    }
  }
  return (
    <div className="flex flex-col gap-2">
      <input
        // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type into it
        autoFocus
        type="text"
        role="combobox"
        aria-label="Cluster, path, backup, page or action"
        aria-expanded={commands.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 ? optionId(at) : undefined}
        placeholder="Cluster, /path, backup, page or action"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setActive(null)
        }}
        onKeyDown={onKeyDown}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        className={clsx(controlClass, 'h-9')}
      />
      <p role="status" className="text-muted text-xs">
        {fault === null ? plural(commands.length, 'place') : `This is not a path: ${fault}.`}
        {places.error &&
          ` Recent backups, diffs, restores and searches are missing: ${viewOfError(places.error).message}.`}
      </p>
      <div id={`${id}-list`} role="listbox" aria-label="Places" tabIndex={-1} className="max-h-[55dvh] overflow-y-auto">
        {groupsOf(commands).map(({ group, first, members }) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options, not of form fields
          <div key={group} role="group" aria-labelledby={`${id}-group-${first}`} className="mb-2">
            <div id={`${id}-group-${first}`} className="px-2 py-1 font-medium text-muted text-xs">
              {group}
            </div>
            {members.map((command, i) => (
              <Link
                key={command.href}
                id={optionId(first + i)}
                href={command.href}
                role="option"
                aria-selected={first + i === at}
                tabIndex={-1}
                onClick={onDone}
                onMouseMove={() => setActive(command.href)}
                prefetch={false}
                className={clsx(
                  'flex min-w-0 flex-wrap items-baseline gap-x-2 rounded px-2 py-1.5 text-sm',
                  first + i === at && 'bg-accent-soft text-accent',
                )}
              >
                <span className="min-w-0 break-words font-medium">{command.label}</span>
                <span className={clsx('min-w-0 break-words text-xs', first + i === at ? 'text-fg' : 'text-muted')}>
                  {command.hint}
                </span>
              </Link>
            ))}
          </div>
        ))}
      </div>
    </div>
  )
}

/** Neighbours of one group; `first` is the index of its first command among all. */
function groupsOf(commands: readonly PaletteCommand[]) {
  const groups: { group: string; first: number; members: PaletteCommand[] }[] = []
  commands.forEach((command, index) => {
    const last = groups.at(-1)
    if (last?.group === command.group) last.members.push(command)
    else groups.push({ group: command.group, first: index, members: [command] })
  })
  return groups
}
