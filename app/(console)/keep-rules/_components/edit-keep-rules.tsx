'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { ALL_CLUSTERS, type KeepRules } from '@/lib/services/keep-rules/schemas.ts'
import type { KeepPreviewView, KeepRulesView } from '@/lib/services/keep-rules/views.ts'
import {
  dropKeepRulesAction,
  previewKeepRulesAction,
  setDefaultKeepRulesAction,
  setKeepRulesAction,
} from '../actions.ts'
import { KeepPreview } from './keep-preview.tsx'
import { KeepRulesFields } from './keep-rules-fields.tsx'

/** The rules in a dialog: changed, looked at by their preview, then saved. Nothing is saved that was not looked at. */
export function EditKeepRules({ view }: { view: KeepRulesView }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {view.enabled ? 'Change the keep rules…' : 'Set keep rules…'}
      </Button>
      {open && <EditDialog view={view} onClose={() => setOpen(false)} />}
    </>
  )
}

function EditDialog({ view, onClose }: { view: KeepRulesView; onClose: () => void }) {
  const { clusterId, clusterName } = view
  const router = useRouter()
  const [rules, setRules] = useState<KeepRules>(view.rules)
  const [preview, setPreview] = useState<KeepPreviewView | null>(null)
  const [confirm, setConfirm] = useState('')
  const done = () => {
    router.refresh()
    onClose()
  }
  const look = useAction(previewKeepRulesAction, setPreview)
  const save = useAction(setKeepRulesAction, done)
  const saveForAll = useAction(setDefaultKeepRulesAction, done)
  const drop = useAction(dropKeepRulesAction, done)
  const error = look.error ?? save.error ?? saveForAll.error ?? drop.error
  const pending = look.pending || save.pending || saveForAll.pending || drop.pending
  const asksForName = preview !== null && (preview.isMass || error?.fields?.confirm !== undefined)
  const change = (changed: Partial<KeepRules>) => {
    setRules({ ...rules, ...changed })
    setPreview(null)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    look.run({ clusterId, rules })
  }
  const lack = preview === null ? 'Look at what would go first' : preview.isEmpty ? 'These rules keep nothing' : null
  return (
    <Dialog
      open
      wide
      onOpenChange={onClose}
      title={`Keep rules of ${clusterName}`}
      description="Which backups stay. The others are marked, and removed after a grace in which each can be kept."
    >
      <form onSubmit={submit} className="flex flex-col gap-4 text-sm">
        <FormError error={error} fields={[...Object.keys(rules).map((name) => `rules.${name}`), 'confirm']} />
        <KeepRulesFields rules={rules} faults={error?.fields} onChange={change} />
        <div>
          <Button type="submit" pending={look.pending}>
            See what would stay and go
          </Button>
        </div>
        {preview && <KeepPreview preview={preview} />}
        {asksForName && (
          <TextField
            label={`Type ${clusterName} to let them go (${ALL_CLUSTERS} for the rules of all)`}
            value={confirm}
            onChange={(event) => setConfirm(event.target.value)}
            autoComplete="off"
            error={error?.fields?.confirm}
          />
        )}
        <DialogButtons>
          {view.enabled && (
            <GuardedButton
              action="backup.set-keep-rules"
              pending={pending}
              onClick={() => save.run({ clusterId, enabled: false, rules: view.rules })}
            >
              Keep everything here
            </GuardedButton>
          )}
          {view.of === 'cluster' && (
            <GuardedButton action="backup.set-keep-rules" pending={pending} onClick={() => drop.run({ clusterId })}>
              Go by the rules of all clusters
            </GuardedButton>
          )}
          <AtCluster ids={[]}>
            <GuardedButton
              action="backup.set-keep-rules"
              pending={pending}
              disabledReason={lack}
              onClick={() => saveForAll.run({ enabled: true, rules, confirm })}
            >
              Save for all clusters without their own
            </GuardedButton>
          </AtCluster>
          <GuardedButton
            action="backup.set-keep-rules"
            tone="primary"
            pending={pending}
            disabledReason={lack}
            onClick={() => save.run({ clusterId, enabled: true, rules, confirm })}
          >
            Save for {clusterName}
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
