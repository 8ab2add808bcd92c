'use client'

import { useCallback } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { JobProgress } from '@/app/_components/job-progress.tsx'
import { isActive, useJobs, useRefreshWhenJobsEnd } from '@/app/_components/use-jobs.ts'
import { WhereRead } from '@/app/_components/where-read.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { BackupDetailView } from '@/lib/services/backups/views.ts'
import type { JobView } from '@/lib/services/jobs/views.ts'

/** What the last verification found, and the progress of one at work. */
export function VerifyResult({
  backupId,
  verifiedAt,
  report,
}: {
  backupId: string
  verifiedAt: string | null
  report: BackupDetailView['verifyReport']
}) {
  const jobs = useJobs()
  const concerns = useCallback((job: JobView) => job.kind === 'verify' && job.subjectId === backupId, [backupId])
  useRefreshWhenJobsEnd(jobs.data, concerns)
  const newest = jobs.data?.filter(concerns).toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0]
  return (
    <>
      {newest && isActive(newest) && (
        <div className="rounded-lg border border-accent/40 bg-surface p-4">
          <p className="mb-2 font-medium text-sm">Verifying this backup</p>
          <JobProgress progress={newest.progress} label="Progress of the verification" />
        </div>
      )}
      {newest?.state === 'failed' && newest.error && <ErrorNotice error={newest.error} />}
      {report &&
        (report.ok && report.encryption?.opened === false ? (
          <Notice title="The sums of the encrypted files are right; what is in them was not looked at">
            {plural(report.files.length, 'file')}
            {verifiedAt && (
              <>
                , <RelativeTime at={verifiedAt} />
              </>
            )}
            . Unlock a key of it (settings of the cluster) and verify again: then structure, counts and digest are
            checked, too.
            <WhereRead readFrom={report.readFrom} />
          </Notice>
        ) : report.ok ? (
          <Notice tone="good" title="Verified: every checksum, the structure and the digest are right">
            {plural(report.znodes, 'znode')} in {plural(report.files.length, 'file')}
            {verifiedAt && (
              <>
                , <RelativeTime at={verifiedAt} />
              </>
            )}
            .
            <WhereRead readFrom={report.readFrom} />
          </Notice>
        ) : (
          <Notice tone="bad" title="This backup is damaged: do not rely on it">
            <ul className="list-disc pl-4">
              {report.problems.map((problem) => (
                <li key={`${problem.code} ${problem.file ?? ''} ${problem.message}`}>
                  <code className="text-xs">{problem.code}</code> {problem.message}
                  {problem.file && (
                    <>
                      {' '}
                      in <code className="font-mono text-xs">{problem.file}</code>
                    </>
                  )}
                </li>
              ))}
            </ul>
            <WhereRead readFrom={report.readFrom} />
            <p>
              Other backups are not affected. Where a copy lies in another store, copy it back from there (below). Else
              take a new one, and look for a copy of these files elsewhere.
            </p>
          </Notice>
        ))}
    </>
  )
}
