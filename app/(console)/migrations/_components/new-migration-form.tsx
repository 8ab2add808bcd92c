'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import {
  findCapFault,
  PLAIN_FIDELITY,
  RestoreFidelityOptions,
  toOptionsInput,
} from '@/app/_components/restore-fidelity-options.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Choice } from '@/app/_ui/choice.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { findPathFault } from '@/lib/domain/znode/path.ts'
import { createMigrationAction } from '../actions.ts'

interface ClusterChoice {
  readonly id: string
  readonly name: string
  readonly environment: string
}

interface Asked {
  readonly sourceId: string
  readonly targetId: string
  readonly sourcePath: string
  readonly targetPath: string
}

/** Which cluster is to become like which, and how. The URL follows the form. */
export function NewMigrationForm({ clusters, asked }: { clusters: readonly ClusterChoice[]; asked: Asked }) {
  const router = useRouter()
  const known = (id: string) => (clusters.some((cluster) => cluster.id === id) ? id : '')
  const [sourceId, setSourceId] = useState(known(asked.sourceId))
  const [targetId, setTargetId] = useState(known(asked.targetId))
  const [sourcePath, setSourcePath] = useState(asked.sourcePath || '/')
  const [targetPath, setTargetPath] = useState(asked.targetPath || '/')
  const [mode, setMode] = useState<'mirror' | 'update'>('mirror')
  const [everySeconds, setEverySeconds] = useState('30')
  const [fidelity, setFidelity] = useState(PLAIN_FIDELITY)
  const create = useAction(createMigrationAction, ({ migrationId }) => router.push(paths.migration(migrationId)))
  useEffect(() => {
    showAddress(paths.newMigration({ sourceId, targetId, from: sourcePath.trim(), to: targetPath.trim() }))
  }, [sourceId, targetId, sourcePath, targetPath])

  const target = clusters.find(({ id }) => id === targetId)
  const sourceFault = findPathFault(sourcePath.trim())
  const targetFault = findPathFault(targetPath.trim())
  const everyFault =
    /^\d{1,4}$/.test(everySeconds.trim()) && Number(everySeconds) >= 5 && Number(everySeconds) <= 3600
      ? null
      : 'Give 5 to 3600 seconds'
  const fault =
    sourceId === ''
      ? 'Choose the source'
      : targetId === ''
        ? 'Choose the target'
        : sourceId === targetId
          ? 'Source and target are the same cluster'
          : sourceFault !== null || targetFault !== null
            ? 'Correct the path first'
            : (everyFault ?? findCapFault(fidelity))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.run({
      sourceId,
      targetId,
      sourcePath: sourcePath.trim(),
      targetPath: targetPath.trim(),
      mode,
      everySeconds: Number(everySeconds),
      options: toOptionsInput(fidelity),
    })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <FormError error={create.error} fields={['targetId', 'sourcePath', 'targetPath', 'everySeconds']} />
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          label="Source"
          value={sourceId}
          onChange={(event) => setSourceId(event.target.value)}
          hint="Is only read, never written to."
        >
          <option value="">Choose a cluster</option>
          <ClusterOptions clusters={clusters} />
        </SelectField>
        <SelectField
          label="Target"
          value={targetId}
          onChange={(event) => setTargetId(event.target.value)}
          hint={target && `This is a ${target.environment} cluster.`}
          error={create.error?.fields?.targetId}
        >
          <option value="">Choose a cluster</option>
          <ClusterOptions clusters={clusters} />
        </SelectField>
        <TextField
          label="Path in the source"
          value={sourcePath}
          onChange={(event) => setSourcePath(event.target.value)}
          className="font-mono"
          spellCheck={false}
          error={sourceFault ?? create.error?.fields?.sourcePath}
          hint="/ is everything but /zookeeper."
        />
        <TextField
          label="Path in the target"
          value={targetPath}
          onChange={(event) => setTargetPath(event.target.value)}
          className="font-mono"
          spellCheck={false}
          error={targetFault ?? create.error?.fields?.targetPath}
        />
      </div>
      <Choice
        label="What becomes of what only the target has"
        name="mode"
        value={mode}
        onChange={setMode}
        options={[
          {
            value: 'mirror',
            label: 'It is deleted: the target becomes equal',
            hint: 'The check lists how much that is before you confirm. A safety backup is taken of all that is touched.',
          },
          { value: 'update', label: 'It stays', hint: 'What is deleted in the source later stays in the target, too.' },
        ]}
      />
      <RestoreFidelityOptions choice={fidelity} onChoice={setFidelity} />
      <TextField
        label="Seconds between two rounds"
        inputMode="numeric"
        value={everySeconds}
        onChange={(event) => setEverySeconds(event.target.value)}
        error={everyFault ?? create.error?.fields?.everySeconds}
        hint="Each round reads both trees and writes what differs."
      />
      <div className="flex justify-end">
        <AtCluster ids={[sourceId, targetId]}>
          <GuardedButton
            action="migration.check"
            type="submit"
            tone="primary"
            pending={create.pending}
            disabledReason={fault}
          >
            Check both clusters
          </GuardedButton>
        </AtCluster>
      </div>
    </form>
  )
}

function ClusterOptions({ clusters }: { clusters: readonly ClusterChoice[] }) {
  return clusters.map(({ id, name }) => (
    <option key={id} value={id}>
      {name}
    </option>
  ))
}
