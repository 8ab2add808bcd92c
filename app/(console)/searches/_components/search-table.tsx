import { Search } from 'lucide-react'
import Link from 'next/link'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { SearchView } from '@/lib/services/searches/views.ts'
import { describeLimits, describeSearch } from './search-words.ts'

export function SearchTable({ searches }: { searches: readonly SearchView[] }) {
  if (searches.length === 0) {
    return (
      <EmptyState
        icon={<Search aria-hidden />}
        title="No searches yet"
        action={<LinkButton href={paths.overview()}>Choose a cluster</LinkButton>}
      >
        Open the tree of a cluster or of a backup and press <kbd>/</kbd> to look for paths or for what values hold.
      </EmptyState>
    )
  }
  return (
    <Table label="Searches" head={['Made', 'Looked for', 'In', 'Path', 'Result']}>
      {searches.map((search) => (
        <Row key={search.id}>
          <Cell className="whitespace-nowrap">
            <Link href={paths.search(search.id)} className="font-medium text-accent hover:underline">
              <RelativeTime at={search.createdAt} />
            </Link>
          </Cell>
          <Cell className="min-w-48 break-words">
            {[describeSearch(search), ...describeLimits(search)].join(' · ')}
          </Cell>
          <Cell>{search.treeLabel}</Cell>
          <Cell>
            <ZnodePath path={search.path} />
          </Cell>
          <Cell className="whitespace-nowrap">
            <SearchResult search={search} />
          </Cell>
        </Row>
      ))}
    </Table>
  )
}

function SearchResult({ search: { state, summary } }: { search: SearchView }) {
  if (state === 'failed') return <Badge tone="bad">failed</Badge>
  if (state === 'cancelled') return <Badge>cancelled</Badge>
  if (!summary) return <Badge tone="accent">{state === 'running' ? 'running' : 'waiting'}</Badge>
  const hits = summary.cut === null ? plural(summary.hits, 'hit') : `more than ${formatCount(summary.hits)} hits`
  return (
    <span className="inline-flex items-center gap-2">
      {hits}
      {summary.unreadableCount > 0 && <Badge tone="warn">not everywhere</Badge>}
    </span>
  )
}
