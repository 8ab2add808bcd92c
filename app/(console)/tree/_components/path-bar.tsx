'use client'

import { CornerDownLeft, Pencil } from 'lucide-react'
import { type FormEvent, Fragment, useEffect, useRef, useState } from 'react'
import { Button } from '@/app/_ui/button.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { controlClass } from '@/app/_ui/field.tsx'
import { useHydrated } from '@/app/_ui/use-hydrated.ts'
import { ancestorsOf, findPathFault, nameOf } from '@/lib/domain/znode/path.ts'

/** Where one is: names to click, or a path to type. `g` begins typing from anywhere on the page. */
export function PathBar({ path, onGo }: { path: string; onGo: (path: string) => void }) {
  const hydrated = useHydrated()
  const [typing, setTyping] = useState(false)
  const [text, setText] = useState(path)
  const [fault, setFault] = useState<string | null>(null)
  const input = useRef<HTMLInputElement>(null)

  const begin = () => {
    setText(path)
    setFault(null)
    setTyping(true)
  }
  useEffect(() => {
    if (typing) input.current?.select()
  }, [typing])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target
      // In the tree a letter goes to the next name that begins so.
      const isTaken =
        target instanceof HTMLElement &&
        target.closest('input, textarea, select, [role="tree"], [role="dialog"]') !== null
      if (event.key !== 'g' || isTaken || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      setText(path)
      setFault(null)
      setTyping(true)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [path])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const trimmed = text.trim()
    const asked = trimmed === '' ? '/' : trimmed.length > 1 ? trimmed.replace(/\/+$/, '') || '/' : trimmed
    const found = findPathFault(asked)
    setFault(found)
    if (found === null) {
      setTyping(false)
      onGo(asked)
    }
  }

  if (typing) {
    return (
      <form onSubmit={submit} className="flex min-w-0 flex-1 flex-col gap-1">
        <div className="flex gap-1.5">
          <input
            ref={input}
            aria-label="Path"
            aria-invalid={fault ? true : undefined}
            aria-describedby={fault ? 'path-fault' : undefined}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => event.key === 'Escape' && setTyping(false)}
            spellCheck={false}
            autoComplete="off"
            className={`${controlClass} h-8 font-mono`}
          />
          <Button type="submit" icon={<CornerDownLeft aria-hidden className="size-4" />}>
            Go
          </Button>
        </div>
        {fault && (
          <p id="path-fault" role="alert" className="text-removed text-xs">
            This is not a znode path: {fault}.
          </p>
        )}
      </form>
    )
  }
  const crumbs = path === '/' ? ['/'] : [...ancestorsOf(path), path]
  return (
    <nav aria-label="Path" className="flex min-w-0 flex-1 items-center gap-1">
      <ol className="flex min-w-0 flex-wrap items-center font-mono text-sm">
        {crumbs.map((crumb, index) => (
          <Fragment key={crumb}>
            {index > 1 && (
              <li aria-hidden className="text-muted">
                /
              </li>
            )}
            <li className="min-w-0">
              <button
                type="button"
                disabled={!hydrated}
                aria-label={`Go to ${crumb}`}
                aria-current={crumb === path ? 'location' : undefined}
                onClick={() => onGo(crumb)}
                className={`max-w-64 truncate rounded px-1 py-0.5 hover:bg-hover ${crumb === path ? 'font-semibold' : 'text-muted'}`}
              >
                {crumb === '/' ? '/' : nameOf(crumb)}
              </button>
            </li>
          </Fragment>
        ))}
      </ol>
      <CopyButton text={path} what="path" />
      <Button
        tone="quiet"
        size="small"
        square
        aria-label="Type a path"
        title="Type a path (g)"
        icon={<Pencil aria-hidden className="size-3.5" />}
        onClick={begin}
      />
    </nav>
  )
}
