import { formatCount } from '@/app/_ui/format-number.ts'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ChartKey } from '@/lib/domain/health/series.ts'

interface ChartWords {
  readonly title: string
  /** What the number is, exactly. */
  readonly what: string
  readonly format: (value: number) => string
}

const rounded = (value: number) =>
  value >= 100 || Number.isInteger(value) ? formatCount(Math.round(value)) : value.toPrecision(2)
const ms = (value: number) => `${rounded(value)} ms`

export const CHART_WORDS: Readonly<Record<ChartKey, ChartWords>> = {
  latency: {
    title: 'Latency',
    what: 'mean of the requests between two looks; before 3.6 the mean since the server’s start',
    format: ms,
  },
  outstanding: {
    title: 'Outstanding requests',
    what: 'waiting at the moment of a look, the most of each part',
    format: rounded,
  },
  requests: { title: 'Packets received', what: 'a second', format: (value) => `${rounded(value)}/s` },
  connections: { title: 'Connections', what: 'clients of each server, the most of each part', format: rounded },
  watches: { title: 'Watches', what: 'of each server, the most of each part', format: rounded },
  znodes: { title: 'Znodes', what: 'the root with them', format: rounded },
  dataBytes: { title: 'Data size', what: 'of paths and values, as the server estimates it', format: formatBytes },
  openFiles: { title: 'File descriptors', what: 'share of the limit in use', format: (value) => `${rounded(value)} %` },
  fsync: { title: 'Sync to disk', what: 'mean time of a sync of the log between two looks', format: ms },
  synced: { title: 'Followers in sync', what: 'as the leader counts them, the least of each part', format: rounded },
  mismatches: { title: 'Digest mismatches', what: 'since each server’s start', format: rounded },
}
