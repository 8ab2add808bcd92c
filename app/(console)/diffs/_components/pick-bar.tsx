'use client'

import { History } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ChangeCountsText } from '@/app/_components/change-mark.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import {
  findCapFault,
  PLAIN_FIDELITY,
  RestoreFidelityOptions,
  toOptionsInput,
} from '@/app/_components/restore-fidelity-options.tsx'
import { RestoreOptions } from '@/app/_components/restore-options.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Choice } from '@/app/_ui/choice.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { ConflictPolicy, RestoreMode } from '@/lib/domain/restore/plan.ts'
import type { DiffView } from '@/lib/services/diffs/views.ts'
import { createRestoreAction } from '../../restores/actions.ts'
import { countAll, type Picks, sumPicks, toSelection } from './picks.ts'
import { describeWrites, findRestoreWays } from './restore-ways.ts'

/** What is picked, always in sight, and the way to put it back. */
export function PickBar({
  diff,
  picks,
  isLoading,
  leavesOut,
  onClear,
}: {
  diff: DiffView
  picks: Picks
  /** The picks of the link are still being counted. */
  isLoading: boolean
  /** Ignored changes inside of picked subtrees are not restored. */
  leavesOut: boolean
  onClear: () => void
}) {
  const [planning, setPlanning] = useState(false)
  const counts = sumPicks(picks)
  const ways = findRestoreWays(diff)
  return (
    <section
      aria-label="Picked differences"
      className="sticky bottom-2 z-20 flex flex-wrap items-center gap-3 rounded-lg border border-line-strong/60 bg-surface px-4 py-2 shadow-lg"
    >
      <p role="status" className="text-sm">
        {isLoading ? (
          <span className="text-muted">Counting what this link has picked</span>
        ) : picks.size === 0 ? (
          <span className="text-muted">Tick rows to put them back</span>
        ) : (
          <>
            <strong>{plural(countAll(counts), 'difference')}</strong> picked <ChangeCountsText counts={counts} />
          </>
        )}
      </p>
      <span className="flex-1" />
      {picks.size > 0 && (
        <Button size="small" tone="quiet" onClick={onClear}>
          Clear picks
        </Button>
      )}
      <Button
        tone="primary"
        icon={<History aria-hidden className="size-4" />}
        disabledReason={
          picks.size === 0
            ? 'Tick at least one row first'
            : ways.length === 0 && 'Neither side is a live cluster that could be written to'
        }
        onClick={() => setPlanning(true)}
      >
        Restore selected…
      </Button>
      {planning && (
        <RestorePicksDialog diff={diff} picks={picks} leavesOut={leavesOut} onClose={() => setPlanning(false)} />
      )}
    </section>
  )
}

function RestorePicksDialog({
  diff,
  picks,
  leavesOut,
  onClose,
}: {
  diff: DiffView
  picks: Picks
  leavesOut: boolean
  onClose: () => void
}) {
  const router = useRouter()
  const ways = findRestoreWays(diff)
  const counts = sumPicks(picks)
  const [wayIndex, setWayIndex] = useState('0')
  const [mode, setMode] = useState<RestoreMode>('update')
  const [onConflict, setOnConflict] = useState<ConflictPolicy>('stop')
  const [fidelity, setFidelity] = useState(PLAIN_FIDELITY)
  const create = useAction(createRestoreAction, ({ restoreId }) => router.push(paths.restore(restoreId)))
  const way = ways[Number(wayIndex)]
  if (!way) return null
  const writes = describeWrites(counts, way.sourceSide)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.run({
      clusterId: way.clusterId,
      source: way.source,
      selection: toSelection(picks),
      targetPath: null,
      leaveOutIgnoredOf: leavesOut ? diff.id : null,
      mode,
      onConflict,
      options: toOptionsInput(fidelity),
    })
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title={`Plan a restore of ${plural(countAll(counts), 'picked difference')}`}
      description="This makes a plan to read. Nothing is written before you confirm it."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {create.error && <ErrorNotice error={create.error} />}
        {ways.length > 1 ? (
          <Choice
            label="What is written to"
            name="way"
            value={wayIndex}
            onChange={setWayIndex}
            options={ways.map((each, index) => ({ value: String(index), label: each.label }))}
          />
        ) : (
          <p className="text-sm">{way.label}.</p>
        )}
        <RestoreOptions mode={mode} onMode={setMode} onConflict={onConflict} onOnConflict={setOnConflict} />
        <RestoreFidelityOptions choice={fidelity} onChoice={setFidelity} />
        {leavesOut && [...picks.values()].some((pick) => pick.subtree) && (
          <Notice tone="info" title="Ignored changes are left out">
            What ignore rules hide in the picked subtrees is not restored; the plan says how much that is. Show the
            ignored changes first to restore them too.
          </Notice>
        )}
        {writes.deletes > 0 && mode !== 'mirror' && (
          <Notice tone="info" title={`Only in the cluster: ${plural(writes.deletes, 'picked znode')}`}>
            Nothing of it is deleted: only the mirror mode deletes.
          </Notice>
        )}
        {writes.changes > 0 && mode === 'create' && (
          <Notice tone="info" title={`In the cluster already: ${plural(writes.changes, 'picked znode')}`}>
            It stays as it is: the create mode never changes what is there.
          </Notice>
        )}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <GuardedButton
            action="restore.plan"
            type="submit"
            tone="primary"
            pending={create.pending}
            disabledReason={findCapFault(fidelity)}
          >
            Make the plan
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
