'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import {
  type FidelityChoice,
  findCapFault,
  RestoreFidelityOptions,
  toOptionsInput,
} from '@/app/_components/restore-fidelity-options.tsx'
import { RestoreOptions } from '@/app/_components/restore-options.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { StoreSelect } from '@/app/_components/store-select.tsx'
import { clusterOfRef, isKnownRef, type TreeChoices, TreeOptions } from '@/app/_components/tree-options.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Choice } from '@/app/_ui/choice.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import type { ConflictPolicy, RestoreMode } from '@/lib/domain/restore/plan.ts'
import { findPathFault } from '@/lib/domain/znode/path.ts'
import type { BackupPlace } from '@/lib/services/backups/views.ts'
import { createRestoreAction } from '../actions.ts'

interface Target {
  readonly id: string
  readonly name: string
  readonly environment: string
}

interface Asked {
  readonly clusterId: string
  readonly source: string
  /** Empty: the first, or a copy where that is not to be had. */
  readonly storeId: string
  /** Empty: everything. */
  readonly path: string
  readonly targetPath: string
  readonly mode: RestoreMode
  readonly onConflict: ConflictPolicy
  readonly fidelity: FidelityChoice
}

/** What to put back, where, and how. The URL follows the form, so that it can be linked and survives a reload. */
export function NewRestoreForm({
  targets,
  choices,
  stores,
  asked,
}: {
  targets: readonly Target[]
  choices: TreeChoices
  /** By TreeRef: of backups that lie in several stores, where they can be read. */
  stores: Readonly<Record<string, readonly BackupPlace[]>>
  asked: Asked
}) {
  const router = useRouter()
  const [clusterId, setClusterId] = useState(
    targets.some((target) => target.id === asked.clusterId) ? asked.clusterId : (targets[0]?.id ?? ''),
  )
  const [source, setSource] = useState(isKnownRef(choices, asked.source) ? asked.source : '')
  const [wantedStore, setStore] = useState(asked.storeId)
  const storeChoices = stores[source] ?? []
  const storeId = storeChoices.some((each) => each.storeId === wantedStore) ? wantedStore : ''
  const [scope, setScope] = useState<'all' | 'subtree'>(asked.path && asked.path !== '/' ? 'subtree' : 'all')
  const [path, setPath] = useState(asked.path === '/' ? '' : asked.path)
  const [moved, setMoved] = useState<'same' | 'other'>(asked.targetPath ? 'other' : 'same')
  const [targetPath, setTargetPath] = useState(asked.targetPath)
  const [mode, setMode] = useState(asked.mode)
  const [onConflict, setOnConflict] = useState(asked.onConflict)
  const [fidelity, setFidelity] = useState(asked.fidelity)
  const create = useAction(createRestoreAction, ({ restoreId }) => router.push(paths.restore(restoreId)))

  const subtree = scope === 'subtree'
  const mapped = subtree && moved === 'other'
  useEffect(() => {
    const url = paths.newRestore({
      clusterId,
      source,
      store: storeId || undefined,
      path: subtree ? path : undefined,
      targetPath: mapped ? targetPath : undefined,
      mode: mode === 'update' ? undefined : mode,
      onConflict: onConflict === 'stop' ? undefined : onConflict,
      counters: fidelity.counters === 'burn' ? 'burn' : undefined,
      cap: fidelity.counters === 'burn' ? fidelity.cap || undefined : undefined,
      quotas: fidelity.quotas ? '1' : undefined,
    })
    showAddress(url)
  }, [clusterId, source, storeId, subtree, path, mapped, targetPath, mode, onConflict, fidelity])

  const pathFault = subtree ? findPathFault(path.trim()) : null
  const targetFault = mapped ? findPathFault(targetPath.trim()) : null
  const fault =
    source === ''
      ? 'Choose what to restore from'
      : source === `live:${clusterId}` && !mapped
        ? 'Source and target are the same tree'
        : (pathFault ?? targetFault) !== null
          ? 'Correct the path first'
          : findCapFault(fidelity)
  const target = targets.find((each) => each.id === clusterId)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.run({
      clusterId,
      source,
      sourceStoreId: storeId || null,
      selection: subtree ? { kind: 'subtree', path: path.trim() } : { kind: 'all' },
      targetPath: mapped ? targetPath.trim() : null,
      mode,
      onConflict,
      options: toOptionsInput(fidelity),
    })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      {create.error && <ErrorNotice error={create.error} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField label="Restore from" value={source} onChange={(event) => setSource(event.target.value)}>
          <option value="">Choose a backup or a cluster</option>
          <TreeOptions choices={choices} />
        </SelectField>
        <SelectField
          label="Write to cluster"
          value={clusterId}
          onChange={(event) => setClusterId(event.target.value)}
          hint={target && `This is a ${target.environment} cluster.`}
        >
          {targets.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </SelectField>
      </div>
      <StoreSelect places={storeChoices} value={storeId} onChange={setStore} />
      <Choice
        label="What"
        name="scope"
        value={scope}
        onChange={setScope}
        options={[
          { value: 'all', label: 'Everything that the source holds', hint: 'Except ephemeral znodes and /zookeeper' },
          { value: 'subtree', label: 'One subtree', hint: 'A znode and all that lies below it' },
        ]}
      />
      {subtree && (
        <>
          <TextField
            label="Path of the subtree"
            value={path}
            onChange={(event) => setPath(event.target.value)}
            className="font-mono"
            spellCheck={false}
            placeholder="/config/orders"
            error={path === '' ? undefined : (pathFault ?? undefined)}
            hint="To pick single znodes, compare the source with the cluster and tick them there."
          />
          <Choice
            label="Where to"
            name="moved"
            value={moved}
            onChange={setMoved}
            options={[
              { value: 'same', label: 'To the same path' },
              { value: 'other', label: 'To another path', hint: 'For looking at it beside what is there' },
            ]}
          />
          {moved === 'other' && (
            <TextField
              label="Path in the cluster"
              value={targetPath}
              onChange={(event) => setTargetPath(event.target.value)}
              className="font-mono"
              spellCheck={false}
              error={targetPath === '' ? undefined : (targetFault ?? undefined)}
            />
          )}
        </>
      )}
      <RestoreOptions mode={mode} onMode={setMode} onConflict={onConflict} onOnConflict={setOnConflict} />
      <RestoreFidelityOptions choice={fidelity} onChoice={setFidelity} />
      <div className="flex justify-end">
        <AtCluster ids={[clusterId, clusterOfRef(choices, source)]}>
          <GuardedButton
            action="restore.plan"
            type="submit"
            tone="primary"
            pending={create.pending}
            disabledReason={fault}
          >
            Make the plan
          </GuardedButton>
        </AtCluster>
      </div>
    </form>
  )
}
