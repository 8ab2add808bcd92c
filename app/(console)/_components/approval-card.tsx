'use client'

import { type FormEvent, useState } from 'react'
import { ConfirmFields, findConfirmationFault, NOT_CONFIRMED } from '@/app/_components/confirm-fields.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { ApprovalEventView, ApprovalKind, ApprovalPurpose, ApprovalView } from '@/lib/services/approvals/views.ts'
import { decideApprovalAction, requestApprovalAction } from '../actions.ts'
import { describeMinutes } from './approval-words.ts'

interface Subject {
  readonly kind: ApprovalKind
  readonly id: string
  /** Of the plan that this page shows. */
  readonly planHash: string
  readonly clusterName: string
  /** What the run does: "write 3 znodes to orders". */
  readonly what: string
  /** What can be asked for; of files the way back as well. */
  readonly purposes: readonly ApprovalPurpose[]
}

/** The second person's part of a plan: asked for, given or refused here, beside the very plan that it is about. */
export function ApprovalCard({
  subject,
  approval,
  onDone,
}: {
  subject: Subject
  approval: ApprovalView
  onDone: () => void
}) {
  const { latest, earlier } = approval
  return (
    <Card title="Second person">
      <div className="flex flex-col gap-4 text-sm">
        <p>
          A restore to {subject.clusterName} needs somebody who has neither made, asked for nor run this plan. The
          approval is for this plan only and holds {describeMinutes(approval.minutes)}; a new plan needs a new one. It
          starts nothing: the person who asked, or another operator, then runs it.
        </p>
        {latest && <Outcome event={latest} />}
        {approval.state === 'waiting' && latest && (
          <DecideForm subject={subject} approval={approval} latest={latest} onDone={onDone} />
        )}
        {approval.state !== 'waiting' && !(approval.state === 'approved' && !approval.canRequest.ok) && (
          <RequestForm subject={subject} approval={approval} onDone={onDone} />
        )}
        {earlier.length > 0 && (
          <details>
            <summary className="cursor-pointer text-muted">Asked before ({earlier.length})</summary>
            <div className="mt-2 flex flex-col gap-2">
              {earlier.map((event) => (
                <Outcome key={event.id} event={event} />
              ))}
            </div>
          </details>
        )}
      </div>
    </Card>
  )
}

const PURPOSE_WORDS: Record<ApprovalPurpose, string> = { run: 'the run', undo: 'putting the old files back' }

function Outcome({ event }: { event: ApprovalEventView }) {
  const { state, purpose, decidedByName, decidedAt, expiresAt, endedBecause, note } = event
  const asked = (
    <>
      {event.requestedByName} asked <RelativeTime at={event.requestedAt} />
      {purpose === 'undo' && ` for ${PURPOSE_WORDS.undo}`}: {event.reason}
    </>
  )
  const noted = note === '' ? null : <p>“{note}”</p>
  const decided = decidedByName !== null && decidedAt !== null && (
    <>
      {decidedByName} <RelativeTime at={decidedAt} />
    </>
  )
  switch (state) {
    case 'waiting':
      return (
        <Notice tone="warn" title="Waits for the approval of a second person">
          {asked}
        </Notice>
      )
    case 'approved':
      return (
        <Notice
          tone="good"
          title={
            <>
              Approved by {decided}, valid until {expiresAt && <RelativeTime at={expiresAt} />}
            </>
          }
        >
          {noted}
          {asked}
        </Notice>
      )
    case 'rejected':
      return (
        <Notice tone="bad" title={<>Rejected by {decided}</>}>
          {noted}
          {asked}
        </Notice>
      )
    case 'expired':
    case 'void':
      return (
        <Notice tone="warn" title={state === 'expired' ? 'The approval has expired' : 'The approval is void'}>
          {endedBecause && state === 'void' && <p>{endedBecause}.</p>}
          {asked}
          {decided && <p>Approved by {decided}.</p>}
        </Notice>
      )
  }
}

function RequestForm({ subject, approval, onDone }: { subject: Subject; approval: ApprovalView; onDone: () => void }) {
  const [given, setGiven] = useState(NOT_CONFIRMED)
  const [purpose, setPurpose] = useState<ApprovalPurpose>(subject.purposes[0] ?? 'run')
  const request = useAction(requestApprovalAction, onDone)
  const { canRequest } = approval
  const fault = canRequest.ok ? findConfirmationFault(given, subject.clusterName) : canRequest.reason
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { kind: subjectKind, id: subjectId, planHash } = subject
    request.run({ subjectKind, subjectId, planHash, purpose, ...given })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={request.error} fields={['typedName', 'reason']} />
      <div className="grid gap-4 sm:grid-cols-2">
        <ConfirmFields
          clusterName={subject.clusterName}
          value={given}
          onChange={setGiven}
          faults={request.error?.fields}
        />
        {subject.purposes.length > 1 && (
          <SelectField
            label="Approval of"
            value={purpose}
            onChange={(event) => setPurpose(event.target.value === 'undo' ? 'undo' : 'run')}
          >
            {subject.purposes.map((each) => (
              <option key={each} value={each}>
                {PURPOSE_WORDS[each]}
              </option>
            ))}
          </SelectField>
        )}
      </div>
      <div className="flex justify-end">
        <Button type="submit" tone="primary" pending={request.pending} disabledReason={fault}>
          {purpose === 'undo' ? 'Ask to put the old files back' : `Ask to ${subject.what}`}
        </Button>
      </div>
    </form>
  )
}

function DecideForm({
  subject,
  approval,
  latest,
  onDone,
}: {
  subject: Subject
  approval: ApprovalView
  latest: ApprovalEventView
  onDone: () => void
}) {
  const [note, setNote] = useState('')
  const decide = useAction(decideApprovalAction, onDone)
  const { canDecide } = approval
  const lack = canDecide.ok ? null : canDecide.reason
  const answer = (decision: 'approve' | 'reject') =>
    decide.run({ approvalId: latest.id, planHash: subject.planHash, decision, note })
  return (
    <div className="flex flex-col gap-3">
      <FormError error={decide.error} fields={['note']} />
      <TextField
        label="Note"
        value={note}
        onChange={(event) => setNote(event.target.value)}
        maxLength={500}
        hint="For the person who asked, and the audit. A rejection needs one."
        error={decide.error?.fields?.note}
      />
      <div className="flex flex-wrap justify-end gap-2">
        <Button
          pending={decide.pending}
          disabledReason={lack ?? (note.trim() === '' && 'Say why first')}
          onClick={() => answer('reject')}
        >
          Reject this plan
        </Button>
        <Button tone="primary" pending={decide.pending} disabledReason={lack} onClick={() => answer('approve')}>
          {latest.purpose === 'undo' ? 'Approve: they may put the old files back' : `Approve: they may ${subject.what}`}
        </Button>
      </div>
    </div>
  )
}
