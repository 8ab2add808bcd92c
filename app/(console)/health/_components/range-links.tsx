import clsx from 'clsx'
import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'

const RANGES = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
  ['month', '30 days'],
] as const

export function RangeLinks({ clusterId, range }: { clusterId: string; range: (typeof RANGES)[number][0] }) {
  return (
    <nav aria-label="Time shown" className="flex gap-1">
      {RANGES.map(([value, label]) => (
        <Link
          key={value}
          href={paths.clusterHealth(clusterId, { range: value })}
          scroll={false}
          aria-current={value === range ? 'true' : undefined}
          className={clsx(
            'whitespace-nowrap rounded px-2 py-0.5 text-xs',
            value === range ? 'bg-accent-soft font-medium text-accent' : 'text-muted hover:bg-hover',
          )}
        >
          {label}
        </Link>
      ))}
    </nav>
  )
}
