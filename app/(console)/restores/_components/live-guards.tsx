'use client'

import { useQuery } from '@tanstack/react-query'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { LiveGuardsView } from '@/lib/services/guards/look-again.ts'
import { WarningList } from './warning-list.tsx'

/** Who watches and owns what the plan writes, asked again on demand: it was asked when the plan was made, and changes. */
export function LiveGuards({ restoreId }: { restoreId: string }) {
  const query = useQuery({
    queryKey: ['restore-guards', restoreId],
    queryFn: ({ signal }) => requestJson<LiveGuardsView>(paths.api.restoreGuards(restoreId), { signal }),
    enabled: false,
    gcTime: 0,
  })
  const view = query.data
  return (
    <Card
      title="Who is at work there now"
      actions={
        <Button size="small" pending={query.isFetching} onClick={() => query.refetch()}>
          Look again
        </Button>
      }
    >
      <div aria-live="polite" className="flex flex-col gap-2 text-sm">
        {query.error && <ErrorNotice error={viewOfError(query.error)} />}
        {view === undefined ? (
          <p className="text-muted">
            Watches and sessions were asked for when the plan was made; they come and go. Servers tell watches on data
            and on existence; those on children are told by none.
          </p>
        ) : (
          <>
            {view.warnings.length > 0 ? (
              <WarningList warnings={view.warnings} />
            ) : (
              <p>Nobody watches the data of what this plan writes, and no session owns an ephemeral below it.</p>
            )}
            <p className="text-muted text-xs">
              Looked at <RelativeTime at={view.lookedAt} />, {view.isPart ? 'the first ' : 'all '}
              {formatCount(view.steps)} {view.steps === 1 ? 'step' : 'steps'}. Asked{' '}
              {plural(view.asked.length, 'server')}
              {view.asked.length > 0 &&
                `: ${view.asked.map(({ server, message }) => `${server} (${message})`).join(', ')}`}
              . Watches on children are told by no server.
            </p>
          </>
        )}
      </div>
    </Card>
  )
}
