import { plural } from '@/app/_ui/format-number.ts'
import type { HealthHistory, RoleSpan } from '@/lib/domain/health/series.ts'
import { ServerMark } from './server-mark.tsx'

/** What a role looks like: height as well as colour says it, from the bottom. */
const LOOKS: Readonly<Record<string, { readonly height: number; readonly fill: string }>> = {
  leader: { height: 1, fill: 'fill-accent' },
  standalone: { height: 1, fill: 'fill-accent' },
  follower: { height: 0.5, fill: 'fill-accent' },
  observer: { height: 0.5, fill: 'fill-ephemeral' },
  'read-only': { height: 0.5, fill: 'fill-changed' },
}

/** Who led, who followed and who was down, a strip a server, on the axis of the charts. */
export function RoleStrips({ history, bucket }: { history: HealthHistory; bucket: number }) {
  return (
    <figure aria-label="Roles" className="flex min-w-0 flex-col gap-1.5">
      <figcaption className="text-sm">
        <span className="font-medium">Roles</span>{' '}
        <span className="text-muted text-xs">
          high: leads; half: follows; crossed out: did not serve; empty: nobody looked
        </span>
      </figcaption>
      {history.roles.map(({ server, spans }, index) => (
        <div key={server} className="flex min-w-0 flex-col gap-0.5 sm:flex-row sm:items-center sm:gap-2">
          <span className="flex min-w-0 items-center gap-1.5 sm:w-56 sm:shrink-0">
            <ServerMark index={index} />
            <code className="min-w-0 truncate font-mono text-xs" title={server}>
              {server}
            </code>
          </span>
          <svg
            role="img"
            aria-label={describe(server, spans, history.buckets)}
            viewBox={`0 0 ${history.buckets} 1`}
            preserveAspectRatio="none"
            className="h-4 w-full min-w-0 rounded-sm bg-sunken"
          >
            {spans.map((span) => (
              <Span key={span.fromBucket} span={span} />
            ))}
            <line
              x1={bucket + 0.5}
              x2={bucket + 0.5}
              y1={0}
              y2={1}
              strokeWidth={1}
              vectorEffect="non-scaling-stroke"
              className="stroke-fg"
            />
          </svg>
        </div>
      ))}
    </figure>
  )
}

function Span({ span: { fromBucket, toBucket, role } }: { span: RoleSpan }) {
  const look = LOOKS[role]
  const width = toBucket - fromBucket
  if (look) return <rect x={fromBucket} y={1 - look.height} width={width} height={look.height} className={look.fill} />
  return (
    <g>
      <rect x={fromBucket} y={0} width={width} height={1} className="fill-removed/30" />
      <path
        d={`M${fromBucket} 1L${toBucket} 0M${fromBucket} 0L${toBucket} 1`}
        strokeWidth={1.5}
        vectorEffect="non-scaling-stroke"
        className="stroke-removed"
      />
    </g>
  )
}

function describe(server: string, spans: readonly RoleSpan[], buckets: number): string {
  const lengths = new Map<string, number>()
  for (const { role, fromBucket, toBucket } of spans)
    lengths.set(role, (lengths.get(role) ?? 0) + toBucket - fromBucket)
  const looked = [...lengths.values()].reduce((sum, length) => sum + length, 0)
  const parts = [...lengths].map(([role, length]) => `${role} in ${plural(length, 'part')}`)
  const unseen = buckets - looked
  return `${server}, of ${buckets} parts of the time: ${[...parts, ...(unseen > 0 ? [`not looked at in ${unseen}`] : [])].join(', ')}`
}
