import Link from 'next/link'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { PhysicalView, PhysicalReport as Report } from '@/lib/services/physical/views.ts'

const CHANGES = {
  added: 'is not in the backup',
  removed: 'is in the backup and is not there',
  changed: 'has another value or ACL',
}

/** Whether the servers serve what the backup holds. */
export function PhysicalReport({ view, report }: { view: PhysicalView; report: Report }) {
  const { differenceCount, differences } = report
  return (
    <Card title="Result">
      <div className="flex flex-col gap-4">
        {differenceCount === 0 ? (
          <Notice
            tone="good"
            title={`Verified: what ${report.servers.join(', ')} ${report.servers.length === 1 ? 'serves' : 'serve'} is what the backup holds`}
          />
        ) : (
          <Notice tone="bad" title={`${plural(differenceCount, 'znode')} not as in the backup`}>
            Look at what differs; compare again, or put the old files back.
          </Notice>
        )}
        <Facts
          className="grid-cols-2 sm:grid-cols-4"
          items={[
            ['Compared', formatCount(report.compared)],
            ['Written by clients since', formatCount(report.writtenSince)],
            ['Containers and TTL znodes gone by themselves', formatCount(report.expired)],
            ['Took', formatDuration(report.durationMs)],
          ]}
        />
        <p className="text-muted text-sm">
          Data and ACLs of every znode are compared, server by server. Ephemerals belong to sessions and are left out;
          the client port does not show containers and TTLs, so their kind is taken from the file as it is.
        </p>
        {differences.length > 0 && (
          <ScrollBox label="What differs" className="max-h-80 rounded-md border px-3 py-1 text-sm">
            <ul>
              {differences.map((difference) => (
                <li key={`${difference.server} ${difference.path}`} className="py-1">
                  <Link href={paths.clusterTree(view.clusterId, { path: difference.path })} className="link">
                    <ZnodePath path={difference.path} />
                  </Link>{' '}
                  <span className="text-muted">
                    {CHANGES[difference.change]} ({difference.server})
                  </span>
                </li>
              ))}
            </ul>
          </ScrollBox>
        )}
      </div>
    </Card>
  )
}
