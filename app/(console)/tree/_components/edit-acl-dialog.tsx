'use client'

import { Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { describePerms, describeWho } from '@/app/_components/acl-words.ts'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { type AclEntry, isSameAcl, OPEN_ACL, PERM } from '@/lib/domain/znode/acl.ts'
import type { ZnodeWriteView } from '@/lib/services/tree/views.ts'
import { setZnodeAclAction } from '../actions.ts'
import { AclTable } from './acl-table.tsx'
import type { ZnodeDialogProps } from './znode-actions.tsx'

const PERMS: ReadonlyArray<readonly [number, string]> = [
  [PERM.read, 'Read'],
  [PERM.write, 'Write'],
  [PERM.create, 'Create'],
  [PERM.delete, 'Delete'],
  [PERM.admin, 'Admin'],
]

type Conflict = Extract<ZnodeWriteView, { kind: 'conflict' }>
interface Draft extends AclEntry {
  readonly key: number
}

let nextKey = 0
const toDraft = (entry: AclEntry): Draft => ({ ...entry, key: nextKey++ })

export function EditAclDialog({ clusterId, clusterName, znode, onClose, onDone }: ZnodeDialogProps) {
  const [base, setBase] = useState(znode)
  const [entries, setEntries] = useState<readonly Draft[]>(() => znode.acl.map(toDraft))
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const save = useAction(setZnodeAclAction, (written) => {
    if (written.kind === 'done') onDone({ path: znode.path, kind: 'changed', editId: written.editId })
    else setConflict(written)
  })
  const acl = entries.map(({ perms, scheme, id }) => ({ perms, scheme, id }))
  const theirs = conflict?.theirs.kind === 'found' ? conflict.theirs.znode : null
  const nobodyAdmins = !entries.some((entry) => entry.perms & PERM.admin)
  const change = (key: number, patch: Partial<AclEntry>) =>
    setEntries(entries.map((entry) => (entry.key === key ? { ...entry, ...patch } : entry)))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setConflict(null)
    save.run({
      clusterId,
      path: znode.path,
      acl,
      expectedAversion: base.stat.aversion,
      expectedCzxid: base.stat.czxid,
    })
  }
  const fault =
    entries.length === 0
      ? 'An ACL needs at least one entry'
      : entries.some((entry) => entry.scheme.trim() === '')
        ? 'Every entry needs a scheme'
        : isSameAcl(acl, base.acl) && 'The access is as it was'
  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title="Edit access"
      description={
        <>
          <ZnodePath path={znode.path} /> on {clusterName}. Only this znode: ZooKeeper does not hand ACLs down to
          children.
        </>
      }
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {save.error && <ErrorNotice error={save.error} />}
        {conflict && (
          <Notice tone="warn" live title={conflict.message}>
            Nothing was written. {theirs ? 'Their access is below; yours stays in the form.' : ''}
          </Notice>
        )}
        {theirs && (
          <div className="rounded-md border">
            <AclTable acl={theirs.acl} />
            <div className="border-t px-3 py-2">
              <Button
                size="small"
                onClick={() => {
                  setBase(theirs)
                  setConflict(null)
                }}
              >
                Go on with yours
              </Button>
            </div>
          </div>
        )}
        <ul className="flex flex-col gap-3">
          {entries.map((entry, index) => (
            <li key={entry.key} className="rounded-md border p-3">
              <fieldset>
                <legend className="sr-only">Entry {index + 1}</legend>
                <div className="flex flex-wrap items-end gap-3">
                  <TextField
                    label="Scheme"
                    list="acl-schemes"
                    value={entry.scheme}
                    onChange={(event) => change(entry.key, { scheme: event.target.value })}
                    wrapperClassName="w-28"
                    className="font-mono"
                  />
                  <TextField
                    label="Id"
                    value={entry.id}
                    onChange={(event) => change(entry.key, { id: event.target.value })}
                    wrapperClassName="min-w-48 flex-1"
                    className="font-mono"
                    spellCheck={false}
                  />
                  <Button
                    tone="quiet"
                    square
                    aria-label={`Remove entry ${index + 1}`}
                    icon={<Trash2 aria-hidden className="size-4" />}
                    onClick={() => setEntries(entries.filter((each) => each.key !== entry.key))}
                  />
                </div>
                <div className="mt-2 flex flex-wrap gap-x-4 gap-y-1">
                  {PERMS.map(([bit, label]) => (
                    <label key={bit} className="inline-flex items-center gap-1.5 text-sm">
                      <input
                        type="checkbox"
                        checked={(entry.perms & bit) !== 0}
                        onChange={(event) =>
                          change(entry.key, { perms: event.target.checked ? entry.perms | bit : entry.perms & ~bit })
                        }
                      />
                      {label}
                    </label>
                  ))}
                </div>
                <p className="mt-1 text-muted text-xs">
                  {describeWho(entry)} {describePerms(entry.perms)}.
                </p>
              </fieldset>
            </li>
          ))}
        </ul>
        <datalist id="acl-schemes">
          {['world', 'auth', 'digest', 'ip', 'sasl', 'x509'].map((scheme) => (
            <option key={scheme} value={scheme} />
          ))}
        </datalist>
        <div className="flex flex-wrap gap-2">
          <Button
            size="small"
            icon={<Plus aria-hidden className="size-3.5" />}
            onClick={() => setEntries([...entries, toDraft({ scheme: 'digest', id: '', perms: PERM.read })])}
          >
            Add entry
          </Button>
          <Button size="small" tone="quiet" onClick={() => setEntries(OPEN_ACL.map(toDraft))}>
            Open to everyone
          </Button>
        </div>
        {nobodyAdmins && (
          <Notice tone="warn" title="Nobody could change this ACL afterwards">
            No entry has Admin. Only a super user could set it again.
          </Notice>
        )}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <GuardedButton
            action="znode.set-acl"
            type="submit"
            tone="danger"
            pending={save.pending}
            disabledReason={fault}
          >
            Write {plural(entries.length, 'entry', 'entries')} to 1 znode on {clusterName}
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
