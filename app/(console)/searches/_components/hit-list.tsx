import Link from 'next/link'
import { KindBadge } from '@/app/_components/kind-badge.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { SearchHit } from '@/lib/services/searches/views.ts'

/** Hits in path order, each a link to its znode in the tree that was searched; a hundred links are not fetched ahead. */
export function HitList({
  hits,
  first,
  tree,
}: {
  hits: readonly SearchHit[]
  first: number
  tree: TreeAddress | null
}) {
  return (
    <ol start={first} aria-label="Hits" className="divide-y">
      {hits.map((hit) => (
        <li key={hit.path} className="flex flex-col gap-1 px-4 py-2">
          <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
            {tree === null ? (
              <ZnodePath path={hit.path} className="min-w-0" />
            ) : (
              <Link
                prefetch={false}
                href={paths.tree(tree, { path: hit.path })}
                className="min-w-0 text-accent hover:underline"
              >
                <ZnodePath path={hit.path} />
              </Link>
            )}
            <KindBadge kind={hit.kind} />
            <span className="text-muted text-xs">
              {hit.bytes === null ? 'null' : formatBytes(hit.bytes)} · changed at <Zxid value={hit.mzxid} />
            </span>
          </div>
          {hit.match && <MatchLine match={hit.match} />}
        </li>
      ))}
    </ol>
  )
}

function MatchLine({ match }: { match: NonNullable<SearchHit['match']> }) {
  const { before, match: found, after, cut, form } = match.preview
  const gap = form === 'hex' ? ' ' : ''
  return (
    <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1 text-xs">
      <code className="min-w-0 whitespace-pre-wrap break-all font-mono">
        {cut[0] && '…'}
        {before}
        {before !== '' && gap}
        <mark className="rounded-sm bg-changed-soft font-semibold text-changed">{found}</mark>
        {after !== '' && gap}
        {after}
        {cut[1] && '…'}
      </code>
      <span className="text-muted">
        at byte {formatCount(match.offset)}
        {match.times > 1 && `, ${formatCount(match.times)} times`}
      </span>
      {match.packing && (
        <Badge title={`Found in what the ${match.packing} value unpacks to`}>unpacked {match.packing}</Badge>
      )}
    </div>
  )
}
