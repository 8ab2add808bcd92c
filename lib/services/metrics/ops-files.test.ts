import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { METRICS, type MetricDefinition, type MetricName } from './metric-list.ts'

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../../ops/${name}`, import.meta.url)), 'utf8')
const DEFINITIONS: Readonly<Record<string, MetricDefinition>> = METRICS
/** Of Prometheus itself, and of the process metrics. */
const FOREIGN_LABELS = ['job', 'instance']

interface Panel {
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

/** Names of metrics in an expression, without those of labels, which stand in braces or after `by`. */
const metricsOf = (expr: string) =>
  [...expr.matchAll(/\b(arkeeper|process|nodejs)_[a-z0-9_]+\b/g)].map(([name]) => name)
const selectorsOf = (expr: string) =>
  [...expr.matchAll(/\b((?:arkeeper|process|nodejs)_[a-z0-9_]+)\{([^}]*)\}/g)].map(([, name = '', inside = '']) => ({
    name,
    labels: [...inside.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
const groupsOf = (expr: string) =>
  [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(',').map((name) => name.trim()))
const labelsOf = (name: string) => [...(DEFINITIONS[name]?.labels ?? []), ...FOREIGN_LABELS]

function expectKnown(expr: string): void {
  for (const name of metricsOf(expr)) {
    if (name.startsWith('arkeeper_')) expect(Object.keys(METRICS), expr).toContain(name)
  }
  for (const { name, labels } of selectorsOf(expr)) {
    for (const label of labels) expect(labelsOf(name), `${label} of ${name}`).toContain(label)
  }
  for (const label of groupsOf(expr)) {
    for (const name of metricsOf(expr)) expect(labelsOf(name), `${label} in ${expr}`).toContain(label)
  }
  for (const pair of ['()', '{}', '[]']) {
    const [open = '', close = ''] = pair
    expect(expr.split(open).length, expr).toBe(expr.split(close).length)
  }
}

describe('ops/grafana/arkeeper.json', () => {
  const dashboard: { panels: Panel[]; templating: { list: { name: string; definition?: string }[] } } = JSON.parse(
    read('grafana/arkeeper.json'),
  )
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  const exprs = panels.flatMap(({ targets = [] }) => targets)

  test('asks for metrics and labels that there are', () => {
    expect(exprs.length).toBeGreaterThan(30)
    for (const { expr } of exprs) {
      expect(metricsOf(expr).length, expr).toBeGreaterThan(0)
      expectKnown(expr)
    }
    for (const { definition } of dashboard.templating.list) {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? []
      if (definition) expect(labelsOf(metric), definition).toContain(label)
    }
  })

  test('names lines by labels that are left of the expression', () => {
    for (const { expr, legendFormat } of exprs) {
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const left = groupsOf(expr).length > 0 ? groupsOf(expr) : metricsOf(expr).flatMap(labelsOf)
        expect(left, `${legendFormat} of ${expr}`).toContain(label)
      }
    }
  })

  test('uses only the variables that it has, and puts no panel over another', () => {
    const known = dashboard.templating.list.map(({ name }) => name)
    for (const [, name] of JSON.stringify(panels).matchAll(/\$\{?([a-z]\w*)/g)) expect(known).toContain(name)
    const cells = new Set<string>()
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x} ${y}`), title).toBe(false)
          cells.add(`${x} ${y}`)
        }
      }
    }
  })

  test('shows every metric but those that only rules need', () => {
    const shown = new Set(exprs.flatMap(({ expr }) => metricsOf(expr)))
    const unseen = (Object.keys(METRICS) as MetricName[]).filter((name) => !shown.has(name))
    expect(unseen).toEqual(UNSEEN)
  })
})

/** Said by another panel in other words, or of interest to whoever asks for it only. */
const UNSEEN: readonly MetricName[] = [
  'arkeeper_build_info',
  'arkeeper_clusters',
  'arkeeper_backup_last_success_timestamp_seconds',
  'arkeeper_verify_failures_total',
  'arkeeper_drill_next_timestamp_seconds',
  'arkeeper_drift_measured_timestamp_seconds',
  'arkeeper_log_archive_failing',
  'arkeeper_log_copy_last_success_timestamp_seconds',
  'arkeeper_log_copy_last_transaction_timestamp_seconds',
  'arkeeper_log_copy_behind_seconds',
  'arkeeper_log_copy_bases',
  'arkeeper_log_pieces_damaged',
  'arkeeper_log_bases_damaged',
  'arkeeper_follow_heard_timestamp_seconds',
  'arkeeper_follow_last_zxid',
  'arkeeper_follow_transactions_total',
  'arkeeper_follow_digests_compared_total',
  'arkeeper_jobs',
  'arkeeper_alert_rules_unknown',
  'arkeeper_audit_entries_total',
  'arkeeper_audit_verified_timestamp_seconds',
  'arkeeper_audit_forward_failures',
  'arkeeper_cluster_look_timestamp_seconds',
  'arkeeper_cluster_leader',
  'arkeeper_cluster_quorum_size',
  'arkeeper_server_latency_max_seconds',
  'arkeeper_server_uptime_seconds',
]

describe('ops/prometheus/alerts.yaml', () => {
  const text = read('prometheus/alerts.yaml')
  const rules = text.split(/^ {6}- alert: /m).slice(1)
  const field = (rule: string, name: string) => new RegExp(`^ {8}${name}: (.+)$`, 'm').exec(rule)?.[1] ?? ''

  test('asks for metrics and labels that there are', () => {
    expect(rules.length).toBeGreaterThan(12)
    const names = rules.map((rule) => rule.split('\n')[0] ?? '')
    expect(new Set(names).size).toBe(names.length)
    for (const rule of rules) {
      const expr = field(rule, 'expr')
      expect(metricsOf(expr).length, rule).toBeGreaterThan(0)
      expectKnown(expr)
      expect(rule).toMatch(/^ {10}summary: ./m)
      expect(field(rule, 'labels')).toMatch(/severity: (critical|warning)|source: arkeeper/)
    }
  })

  test('names in its words only labels that are left', () => {
    for (const rule of rules) {
      const left = groupsOf(field(rule, 'expr'))
      for (const [, label = ''] of rule.matchAll(/\$labels\.(\w+)/g)) expect(left, rule).toContain(label)
    }
  })

  test('is YAML of the plain sort: what holds braces or a colon is quoted', () => {
    for (const line of text.split('\n')) {
      const value = /^\s+(summary|description): (.*)$/.exec(line)?.[2]
      if (value === undefined || value.startsWith('"')) continue
      expect(value, line).not.toMatch(/: |^[{[&*!|>%@`]| #/)
    }
  })
})
