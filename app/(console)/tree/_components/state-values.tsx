'use client'

import { useState } from 'react'
import { AclDiff } from '@/app/_components/acl-diff.tsx'
import { ValueDiff } from '@/app/_components/value/value-diff.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { isSameAcl } from '@/lib/domain/znode/acl.ts'
import type { ActionResult } from '@/lib/services/error-view.ts'
import type { StateView } from '@/lib/services/logs/views.ts'
import { WHY } from './log-table.tsx'
import { Hidden } from './reveal.tsx'

interface States {
  readonly before: StateView
  readonly after: StateView
}

/** The value before and after, as far as it is told and may be seen. */
export function StateValues({ reveal, ...states }: States & { reveal: () => Promise<ActionResult<States>> }) {
  const [revealed, setRevealed] = useState<States | null>(null)
  const known = [knownValueOf(states.before), knownValueOf(states.after)].flatMap((value) =>
    value?.hidden ? [{ hidden: value.hidden, bytes: value.dataLength }] : [],
  )
  if (known.length === 0) return <KnownValues {...states} />
  if (revealed) return <KnownValues before={revealed.before} after={revealed.after} />
  return (
    <Hidden
      hidden={known.map(({ hidden }) => hidden)}
      bytes={known.map(({ bytes }) => bytes)}
      reveal={reveal}
      onRevealed={setRevealed}
    />
  )
}

function KnownValues({ before, after }: States) {
  const [left, right] = [sideOf('Before', before), sideOf('After', after)]
  const isCut = [before, after].some((state) => knownValueOf(state)?.truncated)
  if (right === null) {
    return <p className="text-muted text-sm">The value did not change here, and what it was is {whyOf(after)}.</p>
  }
  if (left === null) {
    return (
      <div className="flex flex-col gap-2">
        <Notice title={`Before: ${whyOf(before)}`}>
          The archived log does not tell what this transaction replaced.
        </Notice>
        <ValueDiff left={{ label: `Before: ${whyOf(before)}`, data: undefined, isUnknown: true }} right={right} />
      </div>
    )
  }
  const isSame = !isCut && left.data === right.data
  return (
    <div className="flex flex-col gap-2">
      {isCut && (
        <Notice tone="warn" title="A value is larger than what is shown here">
          Only the first 1 MiB of it is compared. Restoring writes all of it.
        </Notice>
      )}
      {isSame && <p className="text-muted text-sm">The value is the same before and after.</p>}
      <ValueDiff left={left} right={right} />
    </div>
  )
}

function knownValueOf(state: StateView) {
  return state.kind === 'present' && state.value.kind === 'known' ? state.value : null
}

/** Null: not known. */
function sideOf(label: string, state: StateView) {
  if (state.kind === 'absent') return { label: `${label}: absent`, data: undefined }
  const value = knownValueOf(state)
  if (value === null) return null
  const version = state.kind === 'present' && state.version !== null ? `, version ${state.version}` : ''
  return { label: `${label}${version}`, data: value.data, unpacked: value.unpacked }
}

function whyOf(state: StateView): string {
  if (state.kind === 'unknown') return WHY[state.why]
  return state.kind === 'present' && state.value.kind === 'unknown' ? WHY[state.value.why] : 'absent'
}

export function StateAccess({ before, after }: { before: StateView; after: StateView }) {
  const [left, right] = [aclOf(before), aclOf(after)]
  if (left === null && right === null) return null
  const title =
    left && right ? (isSameAcl(left, right) ? 'Access, the same before and after' : 'Access, changed') : 'Access'
  return (
    <Card title={title} flush>
      <AclDiff before={left} after={right} />
    </Card>
  )
}

function aclOf(state: StateView) {
  return state.kind === 'present' ? state.acl : null
}
