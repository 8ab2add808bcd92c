'use client'

import { useState } from 'react'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { SeverityBadge } from '@/app/_components/severity-badge.tsx'
import { Badge } from '@/app/_ui/badge.tsx'
import { Dialog } from '@/app/_ui/dialog.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { ruleOf } from '@/lib/domain/alerts/rules.ts'
import type { AlertRuleView } from '@/lib/services/alerts/views.ts'
import { RuleForm } from './rule-form.tsx'

/** The rules as they hold at a cluster; null: everywhere that has none of its own, and those of the installation. */
export function AlertRules({ clusterId, rules }: { clusterId: string | null; rules: readonly AlertRuleView[] }) {
  const [changing, setChanging] = useState<AlertRuleView | null>(null)
  return (
    <>
      <Table label="Rules of alerts" head={['Rule', 'State', 'Severity', 'Numbers', '(Change)']}>
        {rules.map((rule) => {
          const { title, when, of } = ruleOf(rule.rule)
          return (
            <Row key={rule.rule}>
              <Cell className="min-w-56">
                <p className="font-medium">
                  {title}
                  {clusterId === null && of === 'installation' && (
                    <span className="font-normal text-muted"> (of the installation)</span>
                  )}
                </p>
                <p className="text-muted text-xs">{when}</p>
              </Cell>
              <Cell>
                <Badge tone={rule.settings.enabled ? 'good' : 'neutral'}>{rule.settings.enabled ? 'on' : 'off'}</Badge>
                {rule.isOwn && <p className="mt-1 text-muted text-xs">set here</p>}
              </Cell>
              <Cell>
                <SeverityBadge severity={rule.settings.severity} />
              </Cell>
              <Cell className="text-xs">{describeNumbers(rule)}</Cell>
              <Cell className="text-right">
                <GuardedButton
                  action="alert.set-rule"
                  size="small"
                  tone="quiet"
                  aria-label={`Change the rule ${title}`}
                  onClick={() => setChanging(rule)}
                >
                  Change…
                </GuardedButton>
              </Cell>
            </Row>
          )
        })}
      </Table>
      {changing && (
        <Dialog
          open
          onOpenChange={() => setChanging(null)}
          title={`Change the rule: ${ruleOf(changing.rule).title}`}
          description={ruleOf(changing.rule).when}
        >
          <RuleForm clusterId={clusterId} rule={changing} onDone={() => setChanging(null)} />
        </Dialog>
      )}
    </>
  )
}

function describeNumbers({ rule, settings }: AlertRuleView) {
  return Object.entries(ruleOf(rule).numbers).map(([name, { label }]) => (
    <p key={name}>
      <span className="text-muted">{label}: </span>
      {settings.numbers[name] ?? 'not set'}
    </p>
  ))
}
