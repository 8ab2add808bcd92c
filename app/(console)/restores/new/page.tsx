import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { toTreeChoices } from '@/app/_components/tree-options.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readOneOf, readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { CONFLICT_POLICIES, RESTORE_MODES } from '@/lib/services/restores/schemas.ts'
import { loadRecentBackups } from '../../backups/loaders.ts'
import { loadClusters } from '../../loaders.ts'
import { NewRestoreForm } from '../_components/new-restore-form.tsx'
import { RestoreSteps } from '../_components/restore-steps.tsx'

export const metadata: Metadata = { title: 'New restore' }

export default async function NewRestorePage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const search = await searchParams
  const clusters = await loadClusters()
  if (!clusters.ok) return <ErrorNotice error={clusters.error} />
  const backups = await loadRecentBackups()
  if (!backups.ok) return <ErrorNotice error={backups.error} />
  const targets = clusters.value.map(({ id, name, environment }) => ({ id, name, environment }))
  const choices = toTreeChoices(clusters.value, backups.value, [readText(search, 'source')])
  const hasSource = backups.value.length + choices.moments.length > 0 || targets.length > 1
  return (
    <div className="max-w-3xl">
      <PageHeader title="New restore">First a plan to read; nothing is written before you confirm it.</PageHeader>
      <RestoreSteps current="scope" />
      {targets.length === 0 || !hasSource ? (
        <Card>
          <EmptyState
            title="There is nothing to restore from yet"
            action={
              <LinkButton
                tone="primary"
                href={targets[0] ? paths.cluster(targets[0].id, 'backups') : paths.newCluster()}
              >
                {targets[0] ? `Back up ${targets[0].name}` : 'Add a cluster'}
              </LinkButton>
            }
          >
            A restore puts back a backup, or makes a cluster like another one.
          </EmptyState>
        </Card>
      ) : (
        <Card>
          <NewRestoreForm
            targets={targets}
            choices={choices}
            stores={Object.fromEntries(backups.value.map(({ id, places }) => [`backup:${id}`, places]))}
            asked={{
              storeId: readText(search, 'store'),
              clusterId: readText(search, 'cluster'),
              source: readText(search, 'source'),
              path: readText(search, 'path'),
              targetPath: readText(search, 'to'),
              mode: readOneOf(search, 'mode', RESTORE_MODES) ?? 'update',
              onConflict: readOneOf(search, 'conflict', CONFLICT_POLICIES) ?? 'stop',
              fidelity: {
                counters: readOneOf(search, 'counters', ['leave', 'burn']) ?? 'leave',
                cap: readText(search, 'cap'),
                quotas: readText(search, 'quotas') === '1',
              },
            }}
          />
        </Card>
      )}
    </div>
  )
}
