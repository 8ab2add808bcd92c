'use client'

import { GitCompareArrows, RotateCw, Square, Undo2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { PhysicalState, PhysicalView } from '@/lib/services/physical/views.ts'
import {
  cancelPhysicalAction,
  recheckPhysicalAction,
  resumePhysicalAction,
  undoPhysicalAction,
  verifyPhysicalAction,
} from '../actions.ts'

const BUSY: readonly PhysicalState[] = ['checking', 'queued', 'running', 'undoing']
const RAN: readonly PhysicalState[] = ['succeeded', 'incomplete', 'failed', 'cancelled', 'undone', 'undo-failed']

/** What can be done now; what cannot says why. */
export function PhysicalButtons({ view, onDone }: { view: PhysicalView; onDone: () => void }) {
  const [undoing, setUndoing] = useState(false)
  const recheck = useAction(recheckPhysicalAction, onDone)
  const resume = useAction(resumePhysicalAction, onDone)
  const verify = useAction(verifyPhysicalAction, onDone)
  const cancel = useAction(cancelPhysicalAction, onDone)
  const error = recheck.error ?? resume.error ?? verify.error ?? cancel.error
  const input = { physicalId: view.id }
  const isBusy = BUSY.includes(view.state)
  const mayRecheck = view.reason === null && !isBusy
  return (
    <>
      {error && (
        <div className="w-full">
          <ErrorNotice error={error} />
        </div>
      )}
      {isBusy && view.jobId !== null && (
        <GuardedButton
          action="job.cancel"
          icon={<Square aria-hidden className="size-3.5" />}
          pending={cancel.pending}
          onClick={() => cancel.run({ jobId: view.jobId ?? '' })}
        >
          Cancel
        </GuardedButton>
      )}
      {mayRecheck && (
        <GuardedButton
          action="physical-restore.check"
          icon={<RotateCw aria-hidden className="size-4" />}
          pending={recheck.pending}
          onClick={() => recheck.run(input)}
        >
          Check again
        </GuardedButton>
      )}
      {view.canResume.ok || view.state === 'failed'
        ? view.way !== 'runbook' && (
            <GuardedButton
              action="physical-restore.confirm"
              icon={<RotateCw aria-hidden className="size-4" />}
              pending={resume.pending}
              disabledReason={!view.canResume.ok && (view.canResume.reason ?? 'It cannot go on')}
              onClick={() => resume.run(input)}
            >
              Go on where it stopped
            </GuardedButton>
          )
        : null}
      {view.plan && !isBusy && (view.way === 'runbook' || RAN.includes(view.state)) && (
        <GuardedButton
          action="physical-restore.verify"
          tone={view.way === 'runbook' ? 'primary' : 'plain'}
          icon={<GitCompareArrows aria-hidden className="size-4" />}
          pending={verify.pending}
          disabledReason={!view.canVerify.ok && (view.canVerify.reason ?? 'There is nothing to compare')}
          onClick={() => verify.run(input)}
        >
          Compare with the backup
        </GuardedButton>
      )}
      {view.way === 'worker' && RAN.includes(view.state) && (
        <Button
          icon={<Undo2 aria-hidden className="size-4" />}
          disabledReason={!view.canUndo.ok && (view.canUndo.reason ?? 'There is nothing to put back')}
          onClick={() => setUndoing(true)}
        >
          Put the old files back…
        </Button>
      )}
      {undoing && (
        <UndoDialog
          view={view}
          onClose={() => setUndoing(false)}
          onDone={() => {
            setUndoing(false)
            onDone()
          }}
        />
      )}
    </>
  )
}

function UndoDialog({ view, onClose, onDone }: { view: PhysicalView; onClose: () => void; onDone: () => void }) {
  const [typedName, setTypedName] = useState('')
  const [reason, setReason] = useState('')
  const undo = useAction(undoPhysicalAction, onDone)
  const servers = view.plan?.servers.length ?? 0
  const fault =
    typedName.trim() !== view.clusterName
      ? `Type ${view.clusterName} first`
      : reason.trim() === ''
        ? 'Give a reason first'
        : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    undo.run({ physicalId: view.id, typedName, reason })
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Put the old files back"
      description={`${plural(servers, 'server')} of ${view.clusterName}`}
    >
      <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
        <FormError error={undo.error} fields={['typedName', 'reason']} />
        <p>
          The servers are stopped once more. What was written since the restore is moved aside with its files, not
          deleted; the files of before come back and the servers start on them.
        </p>
        {view.plan?.kind === 'standalone' && (
          <p>
            The zxid goes back to what it was before: clients that have connected since the restore are refused until
            they restart.
          </p>
        )}
        <TextField
          label={`Type ${view.clusterName} to confirm`}
          value={typedName}
          onChange={(event) => setTypedName(event.target.value)}
          autoComplete="off"
          error={undo.error?.fields?.typedName}
        />
        <TextField
          label="Reason"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          maxLength={500}
          error={undo.error?.fields?.reason}
        />
        <DialogButtons>
          <Button onClick={onClose}>Leave them</Button>
          <GuardedButton
            action="physical-restore.undo"
            type="submit"
            tone="danger"
            pending={undo.pending}
            disabledReason={fault}
          >
            Stop {plural(servers, 'server')} and put the old files back
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
