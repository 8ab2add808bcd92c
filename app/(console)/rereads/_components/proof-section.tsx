import Link from 'next/link'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ProofStateView } from '@/lib/services/rereads/views.ts'
import { loadProofState } from '../loaders.ts'
import { DamagedPlaces } from './damaged-places.tsx'
import { EditRereads } from './edit-rereads.tsx'

/** How well a cluster's backups are proved: what was read again, what is damaged, what drills say. */
export async function ProofSection({ clusterId }: { clusterId: string }) {
  const loaded = await loadProofState(clusterId)
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const proof = loaded.value
  const { readWithin, oldest, drills, schedule } = proof
  return (
    <Card title="Proof" actions={<EditRereads clusterId={clusterId} schedule={schedule} />}>
      <div className="flex flex-col gap-3 text-sm">
        {proof.damaged.length > 0 && <DamagedPlaces damaged={proof.damaged} />}
        {!schedule.enabled && (
          <Notice tone="warn" title="Archives are not read again by themselves">
            What lies in a store and is never read may be lost without anybody knowing.
          </Notice>
        )}
        <Facts
          items={[
            [`Read within ${plural(readWithin.days, 'day')}`, describeCoverage(proof)],
            [
              'Longest not read',
              oldest === null ? (
                'nothing is stored'
              ) : (
                <Link key="oldest" href={paths.backup(oldest.backupId)} className="link">
                  {oldest.readAt === null ? 'never read since it was stored' : <RelativeTime at={oldest.readAt} />}
                </Link>
              ),
            ],
            ['Not read again since they were stored', String(proof.neverReadAgain)],
            [
              'Last proved by a drill',
              drills.lastProved === null ? (
                'not yet'
              ) : (
                <Link key="proved" href={paths.backup(drills.lastProved.backupId)} className="link">
                  <RelativeTime at={drills.lastProved.provedAt} />
                </Link>
              ),
            ],
            [
              'Failed drill',
              drills.failed === null ? (
                'none since'
              ) : (
                <Link key="failed" href={paths.backup(drills.failed.backupId)} className="link text-removed">
                  <RelativeTime at={drills.failed.drilledAt} />
                </Link>
              ),
            ],
            ['Read again', describeSchedule(schedule)],
          ]}
        />
        <p className="text-muted text-xs">
          An archive is read back when it is stored and then again by the clock, each copy by itself, while nothing else
          waits. An encrypted one without its key is read for the sums of its files only. Drills by the clock are set in{' '}
          <Link href={paths.clusterSettings(clusterId, 'drills')} className="link">
            Settings
          </Link>
          .
        </p>
      </div>
    </Card>
  )
}

function describeCoverage({ places, bytes, readWithin }: ProofStateView): string {
  if (places === 0) return 'nothing is stored'
  const share = readWithin.share === null ? '' : ` (${Math.floor(readWithin.share * 100)} %)`
  return `${readWithin.places} of ${plural(places, 'archive')}, ${formatBytes(readWithin.bytes)} of ${formatBytes(bytes)}${share}`
}

function describeSchedule(schedule: ProofStateView['schedule']): string {
  if (!schedule.enabled) return 'off'
  const { everyDays, megabytesPerDayMax, fromHour, toHour, timeZone } = schedule
  const most = megabytesPerDayMax === null ? '' : `, at most ${formatBytes(megabytesPerDayMax * 1_000_000)} a day`
  const hours = fromHour === toHour ? '' : `, from ${fromHour}:00 to ${toHour}:00 ${timeZone}`
  return `a share a day, all within ${plural(everyDays, 'day')}${most}${hours}`
}
