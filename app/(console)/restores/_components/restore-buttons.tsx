'use client'

import { Pause, RotateCw, Square, Undo2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { RestoreView } from '@/lib/services/restores/views.ts'
import {
  cancelRestoreAction,
  pauseRestoreAction,
  replanRestoreAction,
  resumeRestoreAction,
  startUndoAction,
} from '../actions.ts'

const OPEN_STATES: readonly RestoreView['state'][] = ['planning', 'planned', 'queued', 'running', 'paused']
const ON_ITS_WAY: readonly RestoreView['state'][] = ['queued', 'running']
const STOPPED: readonly RestoreView['state'][] = [
  'paused',
  'conflict',
  'failed',
  'incomplete',
  'cancelled',
  'plan-failed',
]
const ENDED: readonly RestoreView['state'][] = ['paused', 'conflict', 'succeeded', 'incomplete', 'failed', 'cancelled']

/** What can be done with a restore in its state; what cannot says why. */
export function RestoreButtons({ restore, onDone }: { restore: RestoreView; onDone: () => void }) {
  const router = useRouter()
  const [undoing, setUndoing] = useState(false)
  const cancel = useAction(cancelRestoreAction, onDone)
  const resume = useAction(resumeRestoreAction, onDone)
  const replan = useAction(replanRestoreAction, onDone)
  const undo = useAction(startUndoAction, ({ restoreId }) => router.push(paths.restore(restoreId)))
  const pause = useAction(pauseRestoreAction, onDone)
  const error = cancel.error ?? pause.error ?? resume.error ?? replan.error
  const input = { restoreId: restore.id }
  return (
    <>
      {error && (
        <div className="w-full">
          <ErrorNotice error={error} />
        </div>
      )}
      {ON_ITS_WAY.includes(restore.state) && (
        <GuardedButton
          action="restore.pause"
          icon={<Pause aria-hidden className="size-3.5" />}
          pending={pause.pending}
          disabledReason={!restore.canPause.ok && (restore.canPause.reason ?? 'It cannot pause now')}
          onClick={() => pause.run(input)}
        >
          Pause
        </GuardedButton>
      )}
      {OPEN_STATES.includes(restore.state) && (
        <GuardedButton
          action="restore.cancel"
          icon={<Square aria-hidden className="size-3.5" />}
          pending={cancel.pending}
          disabledReason={!restore.canCancel.ok && (restore.canCancel.reason ?? 'It cannot be cancelled now')}
          onClick={() => cancel.run(input)}
        >
          {restore.state === 'running' || restore.state === 'paused' ? 'Stop the restore' : 'Cancel restore'}
        </GuardedButton>
      )}
      {STOPPED.includes(restore.state) && restore.state !== 'plan-failed' && (
        <GuardedButton
          action="restore.resume"
          icon={<RotateCw aria-hidden className="size-4" />}
          pending={resume.pending}
          disabledReason={!restore.canResume.ok && (restore.canResume.reason ?? 'It cannot be resumed now')}
          onClick={() => resume.run(input)}
        >
          {restore.state === 'paused' ? 'Resume' : 'Resume where it stopped'}
        </GuardedButton>
      )}
      {restore.state === 'plan-failed' && (
        <GuardedButton
          action="restore.plan"
          icon={<RotateCw aria-hidden className="size-4" />}
          pending={replan.pending}
          onClick={() => replan.run(input)}
        >
          Plan again
        </GuardedButton>
      )}
      {ENDED.includes(restore.state) && (
        <Button
          tone="primary"
          icon={<Undo2 aria-hidden className="size-4" />}
          disabledReason={!restore.canUndo.ok && (restore.canUndo.reason ?? 'There is nothing to undo')}
          onClick={() => setUndoing(true)}
        >
          Undo…
        </Button>
      )}
      {undoing && (
        <Dialog
          open
          onOpenChange={() => setUndoing(false)}
          title="Undo this restore"
          description={`Puts ${restore.clusterName} back as the safety backup holds it, where this restore wrote.`}
        >
          <div className="flex flex-col gap-3 text-sm">
            {undo.error && <ErrorNotice error={undo.error} />}
            <p>
              {plural(restore.report?.applied ?? 0, 'operation')} of this restore{' '}
              {restore.report?.applied === 1 ? 'is' : 'are'} taken back: what it created is deleted, what it changed or
              deleted gets its former value. Znodes that somebody else has changed since are conflicts and are not
              overwritten.
            </p>
            <p>First you get a plan to read and confirm, like for any restore. Nothing is written now.</p>
            <DialogButtons>
              <Button onClick={() => setUndoing(false)}>Not now</Button>
              <GuardedButton
                action="restore.undo"
                tone="primary"
                pending={undo.pending}
                onClick={() => undo.run(input)}
              >
                Plan the undo
              </GuardedButton>
            </DialogButtons>
          </div>
        </Dialog>
      )}
    </>
  )
}
