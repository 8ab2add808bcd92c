'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { draftOf, type ValueDraft, valueOfDraft } from '@/app/_components/value/value-draft.ts'
import { ValueInput } from '@/app/_components/value/value-input.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { Choice } from '@/app/_ui/choice.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { CheckboxField, TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { findPathFault, joinPath } from '@/lib/domain/znode/path.ts'
import { createZnodeAction } from '../actions.ts'
import { PathAdvice } from './path-advice.tsx'
import type { ZnodeDialogProps } from './znode-actions.tsx'

type Kind = 'persistent' | 'container' | 'ttl'

export function CreateDialog({ clusterId, clusterName, znode, onClose, onDone }: ZnodeDialogProps) {
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Kind>('persistent')
  const [ttlSeconds, setTtlSeconds] = useState('3600')
  const [sequential, setSequential] = useState(false)
  const [draft, setDraft] = useState<ValueDraft>(() => ({ ...draftOf(''), mode: 'text' }))
  const [conflict, setConflict] = useState<string | null>(null)
  /** The name is whole when the field is left: not every letter is worth a question. */
  const [advised, setAdvised] = useState<string | null>(null)
  const create = useAction(createZnodeAction, (written) => {
    if (written.kind === 'done') onDone({ path: written.path, kind: 'created', editId: written.editId })
    else setConflict(written.message)
  })
  const path = joinPath(znode.path, name)
  const value = valueOfDraft(draft)
  const ttlMs = Math.round(Number(ttlSeconds) * 1000)
  const pathFault = sequential ? findPathFault(`${path}0`) : findPathFault(path)
  const fault =
    name === '' && !sequential
      ? 'Enter a name first'
      : pathFault !== null
        ? `This is not a name for a znode: ${pathFault}`
        : value.kind === 'fault'
          ? value.message
          : kind === 'ttl' && !(ttlMs >= 1)
            ? 'Enter the time to live in seconds'
            : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setConflict(null)
    if (value.kind === 'fault') return
    create.run({ clusterId, path, data: value.data, kind, ttlMs: kind === 'ttl' ? ttlMs : null, sequential })
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title="Create a znode"
      description={
        <>
          Below <ZnodePath path={znode.path} /> on {clusterName}, open to everyone until you edit its access.
        </>
      }
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <FormError error={create.error} fields={kind === 'ttl' ? ['path', 'ttlMs'] : ['path']} />
        {conflict && (
          <Notice tone="warn" live title={conflict}>
            Nothing was written. Choose another name, or edit the znode that is there.
          </Notice>
        )}
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          onBlur={() => setAdvised(name !== '' && pathFault === null ? path : null)}
          spellCheck={false}
          autoComplete="off"
          className="font-mono"
          hint={
            name !== '' || sequential ? (
              <>Will be {sequential ? `${path}0000000000 or the next number` : path}</>
            ) : undefined
          }
          error={create.error?.fields?.path}
        />
        {advised !== null && <PathAdvice clusterId={clusterId} path={advised} act="create" />}
        <Choice
          label="Kind"
          name="kind"
          columns
          value={kind}
          onChange={(next) => {
            setKind(next)
            if (next === 'container') setSequential(false)
          }}
          options={[
            { value: 'persistent', label: 'Persistent', hint: 'Stays until somebody deletes it' },
            { value: 'container', label: 'Container', hint: 'The server removes it after its last child has gone' },
            { value: 'ttl', label: 'TTL', hint: 'The server removes it when it was not changed for a time' },
          ]}
        />
        {kind === 'ttl' && (
          <TextField
            label="Time to live (seconds)"
            type="number"
            min={1}
            value={ttlSeconds}
            onChange={(event) => setTtlSeconds(event.target.value)}
            error={create.error?.fields?.ttlMs}
          />
        )}
        <CheckboxField
          label="Sequential"
          hint={
            kind === 'container'
              ? 'A container cannot be sequential.'
              : 'The server appends the next ten-digit number to the name.'
          }
          disabled={kind === 'container'}
          checked={sequential}
          onChange={(event) => setSequential(event.target.checked)}
        />
        <ValueInput draft={draft} onChange={setDraft} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <GuardedButton
            action="znode.create"
            type="submit"
            tone="danger"
            pending={create.pending}
            disabledReason={fault}
          >
            Create 1 znode on {clusterName}
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
