import { Ban, CircleCheck, CircleX, Clock3 } from 'lucide-react'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { AuditEntryView } from '@/lib/services/audit/views.ts'

const OUTCOMES: Record<AuditEntryView['outcome'], { tone: BadgeTone; icon: typeof Clock3; text: string }> = {
  ok: { tone: 'good', icon: CircleCheck, text: 'done' },
  started: { tone: 'neutral', icon: Clock3, text: 'started' },
  denied: { tone: 'warn', icon: Ban, text: 'denied' },
  failed: { tone: 'bad', icon: CircleX, text: 'failed' },
}

export function AuditTable({ entries }: { entries: readonly AuditEntryView[] }) {
  return (
    <Table label="Audit entries" head={['When', 'Who', 'Action', 'Cluster', 'Path', 'Outcome', 'Why and what']}>
      {entries.map((entry) => {
        const look = OUTCOMES[entry.outcome]
        const Icon = look.icon
        return (
          <Row key={entry.id}>
            <Cell className="whitespace-nowrap align-top">
              <RelativeTime at={entry.at} />
            </Cell>
            <Cell className="whitespace-nowrap align-top">{entry.actorName}</Cell>
            <Cell className="whitespace-nowrap align-top">
              <code className="font-mono text-xs">{entry.action}</code>
            </Cell>
            <Cell className="align-top">{entry.clusterName}</Cell>
            <Cell className="align-top">{entry.path && <ZnodePath path={entry.path} />}</Cell>
            <Cell className="align-top">
              <Badge tone={look.tone} icon={<Icon aria-hidden />}>
                {look.text}
              </Badge>
            </Cell>
            <Cell className="align-top">
              {entry.reason && <p className="break-words">{entry.reason}</p>}
              {entry.message && <p className="break-words text-muted">{entry.message}</p>}
              <EntryFacts before={entry.before} after={entry.after} />
            </Cell>
          </Row>
        )
      })}
    </Table>
  )
}

function EntryFacts({ before, after }: Pick<AuditEntryView, 'before' | 'after'>) {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  if (keys.length === 0) return null
  return (
    <details className="text-xs">
      <summary className="text-accent">Details</summary>
      <table className="mt-1 font-mono">
        <tbody>
          {keys.map((key) => (
            <tr key={key}>
              <th scope="row" className="pr-3 text-left align-top font-normal text-muted">
                {key}
              </th>
              {before && key in before && (
                <td className="break-all pr-3 align-top text-removed">− {show(before[key])}</td>
              )}
              {after && key in after && <td className="break-all align-top text-added">+ {show(after[key])}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
