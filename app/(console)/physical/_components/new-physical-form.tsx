'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { StoreSelect } from '@/app/_components/store-select.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Choice } from '@/app/_ui/choice.tsx'
import { CheckboxField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { PhysicalDefaults, PhysicalWay } from '@/lib/services/physical/views.ts'
import { createPhysicalAction } from '../actions.ts'

const FIELDS = ['servers', 'dataDir', 'dataLogDir', 'owner', 'stop', 'start', 'fileZxid']

/** Who does it, and for a runbook what the servers look like. What is typed here fills in commands for people; nothing of it is run. */
export function NewPhysicalForm({ defaults, askedWay }: { defaults: PhysicalDefaults; askedWay: PhysicalWay | null }) {
  const router = useRouter()
  const { members } = defaults
  const canWork = members.length > 0 && members.every(({ hasCommands }) => hasCommands)
  const [way, setWay] = useState<PhysicalWay>(askedWay ?? (canWork ? 'worker' : 'runbook'))
  const [fields, setFields] = useState({
    servers: defaults.servers.join('\n'),
    dataDir: '/var/lib/zookeeper',
    dataLogDir: '',
    owner: 'zookeeper:zookeeper',
    stop: 'sudo systemctl stop zookeeper',
    start: 'sudo systemctl start zookeeper',
    fileZxid: '',
  })
  const [freshServers, setFreshServers] = useState(false)
  const [storeId, setStore] = useState('')
  const create = useAction(createPhysicalAction, ({ physicalId }) => router.push(paths.physical(physicalId)))
  const choose = (chosen: PhysicalWay) => {
    setWay(chosen)
    showAddress(paths.newPhysical({ backupId: defaults.backupId, way: chosen }))
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.run({ backupId: defaults.backupId, way, ...fields, freshServers, storeId: storeId || null })
  }
  const field = (name: keyof typeof fields) => ({
    value: fields[name],
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
    error: create.error?.fields?.[name],
    spellCheck: false,
    autoComplete: 'off',
    className: 'font-mono',
  })
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <FormError error={create.error} fields={FIELDS} />
      {defaults.membersFault && (
        <Notice tone="warn" title={defaults.membersFault}>
          Until it is corrected Arkeeper reaches no server’s files.
        </Notice>
      )}
      <Choice
        label="Who replaces the files"
        name="way"
        value={way}
        onChange={choose}
        options={[
          {
            value: 'worker',
            label: 'Arkeeper',
            hint: `Stops ${plural(members.length, 'server')} by the commands of its configuration file, moves the old files aside, places, starts and compares.`,
            disabledReason:
              members.length === 0
                ? 'The configuration file of Arkeeper names no server of this cluster (README, “Members”).'
                : canWork
                  ? undefined
                  : 'The configuration file has no stop and start commands for every server.',
          },
          {
            value: 'runbook',
            label: 'People, along a runbook',
            hint: 'Every command filled in for every server, a bundle to download, a list to tick off, and the comparison at the end.',
          },
          {
            value: 'admin',
            label: 'The AdminServers, without moving a file',
            hint: 'ZooKeeper 3.9 or newer: every server takes the snapshot into its memory, then writes it down and is restarted. All sessions of before end.',
            disabledReason:
              defaults.adminServers === 0 ? 'No AdminServer is set in the settings of the cluster.' : undefined,
          },
        ]}
      />
      {way === 'runbook' && (
        <>
          <TextAreaField
            label="Servers, one a line"
            rows={4}
            hint="host:port of the client port; then, where they differ from those below, dataDir and dataLogDir. Name every server, observers too."
            {...field('servers')}
          />
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField label="dataDir" hint="As in zoo.cfg; the parent of version-2." {...field('dataDir')} />
            <TextField label="dataLogDir" hint="Empty: the same folder." {...field('dataLogDir')} />
            <TextField label="Command that stops a server" {...field('stop')} />
            <TextField label="Command that starts it" {...field('start')} />
            <TextField label="Owner of the files" hint="user:group that ZooKeeper runs as." {...field('owner')} />
          </div>
          <CheckboxField
            label="The servers are new machines"
            hint="They have no epoch files that could be kept, so the file gets a name above everything seen."
            checked={freshServers}
            onChange={(event) => setFreshServers(event.target.checked)}
          />
        </>
      )}
      <StoreSelect places={defaults.places} value={storeId} onChange={setStore} />
      <TextField
        label="zxid for the name of the file"
        hint="Empty: Arkeeper chooses one that locks no client out."
        placeholder="chosen by the check"
        {...field('fileZxid')}
      />
      <div className="flex justify-end">
        <AtCluster ids={[defaults.clusterId]}>
          <GuardedButton action="physical-restore.check" type="submit" tone="primary" pending={create.pending}>
            Check everything
          </GuardedButton>
        </AtCluster>
      </div>
    </form>
  )
}
