'use client'

import { Eye, EyeOff } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { ActionResult } from '@/lib/services/error-view.ts'
import type { ZnodeView } from '@/lib/services/tree/views.ts'
import type { HiddenValueView } from '@/lib/services/values/views.ts'
import { revealValueAction } from '../actions.ts'

interface Side {
  /** TreeRef text. */
  readonly tree: string
  readonly znode: ZnodeView | null
}

/**
 * Values that may be hidden. `znodes` are null until they are revealed; then `notice` stands in their place. What was revealed is kept by the
 * component that asks, for those versions alone, so that it is gone with the page.
 */
export function useReveal(sides: readonly Side[]): {
  readonly znodes: readonly (ZnodeView | null)[] | null
  readonly notice: ReactNode
} {
  const [revealed, setRevealed] = useState<{ of: string; znodes: readonly (ZnodeView | null)[] } | null>(null)
  const of = JSON.stringify(sides.map(({ tree, znode }) => [tree, znode?.path, znode?.stat.czxid, znode?.stat.mzxid]))
  const hidden = sides.flatMap(({ znode }) => (znode?.hidden ? [znode.hidden] : []))
  if (hidden.length === 0) return { znodes: sides.map(({ znode }) => znode), notice: null }
  if (revealed?.of === of) return { znodes: revealed.znodes, notice: null }
  const bytes = sides.flatMap(({ znode }) => (znode?.hidden ? [znode.stat.dataLength] : []))
  const notice = (
    <Hidden
      hidden={hidden}
      bytes={bytes}
      reveal={() => revealAll(sides)}
      onRevealed={(znodes) => setRevealed({ of, znodes })}
    />
  )
  return { znodes: null, notice }
}

export function RevealGate({
  sides,
  children,
}: {
  sides: readonly Side[]
  children: (znodes: readonly (ZnodeView | null)[]) => ReactNode
}) {
  const { znodes, notice } = useReveal(sides)
  return znodes ? children(znodes) : notice
}

async function revealAll(sides: readonly Side[]): Promise<ActionResult<(ZnodeView | null)[]>> {
  const znodes: (ZnodeView | null)[] = []
  for (const { tree, znode } of sides) {
    if (!znode?.hidden) {
      znodes.push(znode)
      continue
    }
    const result = await revealValueAction({ tree, path: znode.path })
    if (!result.ok) return result
    znodes.push(result.value.kind === 'found' ? result.value.znode : null)
  }
  return { ok: true, value: znodes }
}

/** In place of what is hidden: why it is, and the way to see it. */
export function Hidden<T>({
  hidden,
  bytes,
  reveal,
  onRevealed,
}: {
  hidden: readonly HiddenValueView[]
  bytes: readonly number[]
  reveal: () => Promise<ActionResult<T>>
  onRevealed: (value: T) => void
}) {
  const { run, pending, error } = useAction(reveal, onRevealed)
  const because = [...new Set(hidden.flatMap((each) => each.because))]
  const lacking = hidden.find((each) => !each.mayReveal)
  const many = hidden.length > 1
  return (
    <section aria-label="Value" className="flex min-w-0 flex-col gap-2 rounded-md border border-dashed p-4 text-sm">
      <p className="flex items-center gap-2 font-medium">
        <EyeOff aria-hidden className="size-4 text-muted" />
        {many ? 'These values are hidden' : 'This value is hidden'} (
        {bytes.map((each) => plural(each, 'byte')).join(' and ')})
      </p>
      <p className="break-words text-muted">{because.join(' · ')}</p>
      {error && <ErrorNotice error={error} />}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button
          size="small"
          icon={<Eye aria-hidden className="size-3.5" />}
          pending={pending}
          disabledReason={lacking && `Needs the role ${lacking.leastRole} at this cluster`}
          onClick={() => run(undefined)}
        >
          {many ? 'Reveal both values' : 'Reveal value'}
        </Button>
        <span className="text-muted text-xs">That you saw it goes into the audit; the value itself does not.</span>
      </div>
    </section>
  )
}
