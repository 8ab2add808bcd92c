import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { METRICS, type MetricDefinition } from './metric-list.ts'
import { formatMetricTable } from './metric-table.ts'

const DEFINITIONS: readonly (readonly [string, MetricDefinition])[] = Object.entries(METRICS)

test.each(DEFINITIONS)('%s is named by the customs', (name, { kind, help, labels }) => {
  expect(name).toMatch(/^arkeeper(_[a-z]+)+$/)
  expect(name.endsWith('_total')).toBe(kind === 'counter')
  expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|percent)(_|$)/)
  expect(help).toMatch(/\.$/)
  for (const label of labels) expect(label).toMatch(/^[a-z_]+$/)
})

test('are listed in METRICS.md', () => {
  const file = readFileSync(fileURLToPath(new URL('METRICS.md', import.meta.url)), 'utf8')
  expect(file).toContain(formatMetricTable())
})
