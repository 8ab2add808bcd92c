import { Download } from 'lucide-react'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { MigrationProof, MigrationView } from '@/lib/services/migrations/views.ts'

/** What the comparison at the end found; the proof where it found nothing in a source that stood still. */
export function ProofCard({ migration, proof }: { migration: MigrationView; proof: MigrationProof }) {
  const differences = proof.added + proof.removed + proof.changed
  return (
    <Card
      title="Final comparison"
      actions={
        <a href={paths.api.migrationProof(migration.id)} download className={buttonClass({ size: 'small' })}>
          <Download aria-hidden className="size-3.5" />
          Download as JSON
        </a>
      }
    >
      <div className="flex flex-col gap-4">
        {proof.ok ? (
          <Notice tone="good" live title={`No difference in ${plural(proof.compared, 'znode')}`}>
            {migration.source.name} made no transaction of any kind, not even of a session, while both were read.
          </Notice>
        ) : (
          <Notice tone="warn" live title="Not done">
            {differences > 0 && `${plural(differences, 'difference')} left. `}
            {!proof.still &&
              `${migration.source.name} is still written to, or sessions came and went: its zxid moved in each of ${proof.attempts} comparisons. `}
            {proof.unreadable > 0 && `${plural(proof.unreadable, 'place')} could not be read and is not proved. `}
            Stop the writers and press Final round again, or go back to following.
          </Notice>
        )}
        <Facts
          items={[
            ['Compared', <RelativeTime key="at" at={proof.at} />],
            ['Znodes compared', formatCount(proof.compared)],
            ['Only in the source', formatCount(proof.added)],
            ['Only in the target', formatCount(proof.removed)],
            ['Different', formatCount(proof.changed)],
            ['Ephemerals, left out', formatCount(proof.ephemerals)],
            ['Source zxid', <Zxid key="source" value={proof.source.zxid} />],
            ['Target zxid', <Zxid key="target" value={proof.target.zxid} />],
            ['Took', formatDuration(proof.durationMs)],
          ]}
        />
        {proof.examples.length > 0 && (
          <ul aria-label="Differences, the first ones" className="space-y-0.5 font-mono text-xs">
            {proof.examples.map(({ path, change }) => (
              <li key={path} className="break-all">
                {path} <span className="text-muted">{change}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  )
}
