'use client'

import clsx from 'clsx'
import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useHydrated } from './use-hydrated.ts'

/** Puts a text on the clipboard and says so. `what` names it: "Copy zxid". */
export function CopyButton({ text, what, className }: { text: string; what: string; className?: string }) {
  const hydrated = useHydrated()
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2000)
    return () => clearTimeout(timer)
  }, [state])
  const copy = () => {
    // The clipboard is there only on https and localhost.
    const done = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    done.then(
      () => setState('copied'),
      () => setState('failed'),
    )
  }
  return (
    <button
      type="button"
      disabled={!hydrated}
      onClick={copy}
      aria-label={state === 'copied' ? `Copied ${what}` : `Copy ${what}`}
      title={state === 'failed' ? 'The browser did not allow copying' : `Copy ${what}`}
      className={clsx(
        'inline-flex size-5 shrink-0 items-center justify-center rounded align-middle text-muted hover:bg-hover hover:text-fg',
        className,
      )}
    >
      {state === 'copied' ? (
        <Check aria-hidden className="size-3.5 text-added" />
      ) : (
        <Copy aria-hidden className="size-3.5" />
      )}
    </button>
  )
}
