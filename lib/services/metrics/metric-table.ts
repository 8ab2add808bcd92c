import { METRICS, type MetricDefinition } from './metric-list.ts'

/** The table of METRICS.md. */
export function formatMetricTable(): string {
  const definitions: readonly (readonly [string, MetricDefinition])[] = Object.entries(METRICS)
  const rows = definitions.map(
    ([name, { kind, help, labels }]) => `| \`${name}\` | ${kind} | ${labels.join(', ')} | ${help} |`,
  )
  return ['| name | type | labels | what |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
