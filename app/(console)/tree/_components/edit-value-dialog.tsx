'use client'

import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ValueDiff } from '@/app/_components/value/value-diff.tsx'
import { draftOf, valueOfDraft } from '@/app/_components/value/value-draft.ts'
import { ValueInput } from '@/app/_components/value/value-input.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { CheckboxField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ZnodeWriteView } from '@/lib/services/tree/views.ts'
import { setZnodeDataAction } from '../actions.ts'
import { PathAdvice } from './path-advice.tsx'
import type { ZnodeDialogProps } from './znode-actions.tsx'

type Conflict = Extract<ZnodeWriteView, { kind: 'conflict' }>

/** Writes only if the znode is still the very one, in the very version, that was opened. Otherwise theirs and yours are shown. */
export function EditValueDialog({ clusterId, clusterName, znode, onClose, onDone }: ZnodeDialogProps) {
  const [base, setBase] = useState(znode)
  // What is hidden is not in the form: it begins empty.
  const [draft, setDraft] = useState(() => draftOf(znode.hidden ? '' : znode.data))
  const [unseen, setUnseen] = useState(false)
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const save = useAction(setZnodeDataAction, (written) => {
    if (written.kind === 'done') onDone({ path: znode.path, kind: 'changed', editId: written.editId })
    else setConflict(written)
  })
  const value = valueOfDraft(draft)
  const unchanged = !base.hidden && value.kind === 'value' && value.data === base.data
  const theirs = conflict?.theirs.kind === 'found' ? conflict.theirs.znode : null
  const write = (target: typeof znode, knowsUnseen: boolean) => {
    if (value.kind === 'fault') return
    setConflict(null)
    setBase(target)
    save.run({
      clusterId,
      path: znode.path,
      data: value.data,
      expectedVersion: target.stat.version,
      expectedCzxid: target.stat.czxid,
      unseen: target.hidden !== undefined && knowsUnseen,
    })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    write(base, unseen)
  }
  const size = value.kind === 'value' ? (value.data === null ? 'null' : formatBytes(value.bytes)) : ''
  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title="Edit value"
      description={
        <>
          <ZnodePath path={znode.path} /> on {clusterName}, version {base.stat.version}
        </>
      }
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {save.error && <ErrorNotice error={save.error} />}
        {conflict ? (
          <>
            <Notice tone="warn" live title={conflict.message}>
              Nothing was written. {theirs ? 'Compare and decide.' : 'The znode cannot be written any more.'}
            </Notice>
            {theirs?.hidden && (
              <Notice title="Theirs is hidden">
                It has {formatBytes(theirs.stat.dataLength)}. Writing yours over it now overwrites it unseen.
              </Notice>
            )}
            {theirs && !theirs.hidden && value.kind === 'value' && (
              <ValueDiff
                left={{ label: `Theirs, version ${theirs.stat.version}`, data: theirs.data }}
                right={{ label: 'Yours, not written', data: value.data }}
              />
            )}
            <DialogButtons>
              <Button onClick={onClose}>Keep theirs</Button>
              {theirs && (
                <>
                  <Button
                    onClick={() => {
                      setConflict(null)
                      setBase(theirs)
                    }}
                  >
                    Go on editing yours
                  </Button>
                  <GuardedButton
                    action="znode.set-data"
                    tone="danger"
                    pending={save.pending}
                    onClick={() => write(theirs, true)}
                  >
                    Write yours over theirs{theirs.hidden && ' unseen'} ({size})
                  </GuardedButton>
                </>
              )}
            </DialogButtons>
          </>
        ) : (
          <>
            <PathAdvice clusterId={clusterId} path={znode.path} act="change" />
            {base.hidden && (
              <Notice tone="warn" title={`The value of ${formatBytes(base.stat.dataLength)} is hidden`}>
                Close this and reveal it first to edit it, or overwrite it as a whole:
                <CheckboxField
                  label="Overwrite a value that I have not seen"
                  checked={unseen}
                  onChange={() => setUnseen(!unseen)}
                />
              </Notice>
            )}
            <ValueInput draft={draft} onChange={setDraft} />
            <DialogButtons>
              <Button onClick={onClose}>Cancel</Button>
              <GuardedButton
                action="znode.set-data"
                type="submit"
                tone="danger"
                pending={save.pending}
                disabledReason={
                  value.kind === 'fault'
                    ? value.message
                    : base.hidden && !unseen
                      ? 'Tick that you overwrite it unseen, or reveal it first'
                      : unchanged && 'The value is as it was'
                }
              >
                Write {size} to 1 znode on {clusterName}
              </GuardedButton>
            </DialogButtons>
          </>
        )}
      </form>
    </Dialog>
  )
}
