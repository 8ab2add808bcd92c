'use client'

import { useCallback } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { isActive, useJobs, useRefreshWhenJobsEnd } from '@/app/_components/use-jobs.ts'
import { WhereRead } from '@/app/_components/where-read.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { BackupDetailView } from '@/lib/services/backups/views.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'

const KINDS = {
  missing: 'is not there',
  unexpected: 'is there, and not in the backup',
  different: 'is otherwise than in the backup',
}

/** What the last drill found, and the progress of one at work. */
export function DrillResult({
  backupId,
  drill,
  report,
}: {
  backupId: string
  drill: BackupDetailView['drill']
  report: BackupDetailView['drillReport']
}) {
  const jobs = useJobs()
  const concerns = useCallback((job: JobView) => job.kind === 'drill' && job.subjectId === backupId, [backupId])
  useRefreshWhenJobsEnd(jobs.data, concerns)
  const newest = jobs.data?.filter(concerns).toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0]
  return (
    <>
      {newest && isActive(newest) && (
        <div className="rounded-lg border border-accent/40 bg-surface p-4">
          <p className="mb-2 font-medium text-sm">Proving this backup on a scratch server</p>
          <JobProgress progress={newest.progress} label="Progress of the drill" />
        </div>
      )}
      {newest?.state === 'failed' && newest.error && <ErrorNotice error={newest.error} />}
      {drill && report && <Finding drill={drill} report={report} />}
    </>
  )
}

function Finding({
  drill,
  report,
}: {
  drill: NonNullable<BackupDetailView['drill']>
  report: NonNullable<BackupDetailView['drillReport']>
}) {
  const server = report.serverVersion === null ? 'a scratch server' : `ZooKeeper ${report.serverVersion}`
  const notes = report.notes.length > 0 && (
    <ul className="list-disc pl-4">
      {report.notes.map((note) => (
        <li key={note}>{note}.</li>
      ))}
    </ul>
  )
  if (report.ok) {
    return (
      <Notice tone="good" title={`Proved restorable on ${server}: no difference in ${plural(report.znodes, 'znode')}`}>
        <p>
          Loaded as it is, read back over the client port and compared in {formatDuration(report.durationMs)}
          {report.digest?.match && ', with the digest that the server computed of it'}, <RelativeTime at={drill.at} />.
        </p>
        <WhereRead readFrom={report.readFrom} />
        {notes}
      </Notice>
    )
  }
  const unlisted = report.differences - report.listed.length
  return (
    <Notice tone="bad" title={`The drill failed: ${server} does not give back what this backup holds`}>
      <p>
        {plural(report.differences, 'difference')} in {plural(report.znodes, 'znode')}, <RelativeTime at={drill.at} />.
        {drill.provedAt && (
          <>
            {' '}
            It was proved restorable <RelativeTime at={drill.provedAt} />.
          </>
        )}
      </p>
      <ul className="list-disc pl-4">
        {report.problems.map(({ code, message }) => (
          <li key={`${code} ${message}`} className="break-words">
            <code className="text-xs">{code}</code> {message}
          </li>
        ))}
        {report.listed.map(({ path, kind, fields }) => (
          <li key={path}>
            <ZnodePath path={path} /> {KINDS[kind]}
            {fields.length > 0 && `: ${fields.join(', ')}`}
          </li>
        ))}
        {unlisted > 0 && <li>and {plural(unlisted, 'place')} more</li>}
      </ul>
      <WhereRead readFrom={report.readFrom} />
      {notes}
      <p>Other backups are not affected. Take a new one and prove it.</p>
    </Notice>
  )
}
