'use client'

import { Keyboard } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog } from '@/app/_ui/dialog.tsx'

const KEYS: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, string]>]> = [
  [
    'Anywhere',
    [
      ['?', 'Show these keys'],
      ['Ctrl K, ⌘ K', 'Go to a cluster, a path, a backup, a page; begin an action'],
      ['j', 'Open or close the jobs'],
      ['Esc', 'Close what is open'],
    ],
  ],
  [
    'In a tree',
    [
      ['↑ ↓', 'Previous, next row'],
      ['→', 'Open the row, then go to its first child'],
      ['←', 'Close the row, or go to its parent'],
      ['Home End', 'First, last row'],
      ['Page Up, Page Down', 'A screen up, down'],
      ['Enter', 'Show the znode'],
      ['Space', 'Pick the row (in a diff)'],
      ['a–z, 0–9', 'Go to the next name that begins so'],
      ['/', 'Search in this tree'],
      ['g', 'Type a path (outside the rows)'],
    ],
  ],
]

/** True where a key press is text that somebody types. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    (target instanceof HTMLElement &&
      target.closest('input, textarea, select, [contenteditable], [role="tree"]') !== null)
  )
}

export function KeysHelp() {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target
      const inField =
        target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
      if (event.key === '?' && !event.ctrlKey && !event.metaKey && !inField) {
        event.preventDefault()
        setOpen(true)
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <Button
        tone="quiet"
        square
        aria-label="Keyboard keys"
        title="Keyboard keys (?)"
        className="max-sm:hidden"
        icon={<Keyboard aria-hidden className="size-4.5" />}
        onClick={() => setOpen(true)}
      />
      <Dialog open={open} onOpenChange={setOpen} title="Keys">
        {KEYS.map(([title, keys]) => (
          <section key={title} className="mb-4 last:mb-0">
            <h3 className="mb-1 font-medium text-muted text-xs">{title}</h3>
            <dl className="grid grid-cols-[9rem_1fr] gap-y-1.5 text-sm">
              {keys.map(([key, what]) => (
                <div key={key} className="col-span-2 grid grid-cols-subgrid">
                  <dt>
                    <kbd className="rounded border bg-sunken px-1.5 py-0.5 font-mono text-xs">{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </Dialog>
    </>
  )
}
