'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Card } from '@/app/_ui/card.tsx'
import { Dialog } from '@/app/_ui/dialog.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { ValueRuleView } from '@/lib/services/values/views.ts'
import { removeValueRuleAction } from '../actions.ts'
import { ValueRuleForm } from './value-rule-form.tsx'
import { describeEffect } from './value-words.ts'

interface Props {
  rules: readonly ValueRuleView[]
  clusters: readonly { readonly id: string; readonly name: string }[]
}

/** Rules that people have made here. */
export function ValueRules({ rules, clusters }: Props) {
  const router = useRouter()
  const [changing, setChanging] = useState<ValueRuleView | null>(null)
  const remove = useAction(removeValueRuleAction, () => router.refresh())
  return (
    <>
      <Card title="Rules of your own" flush>
        <div className="flex flex-col gap-4 py-4">
          {remove.error && (
            <div className="px-4">
              <ErrorNotice error={remove.error} />
            </div>
          )}
          {rules.length === 0 ? (
            <p className="px-4 text-muted text-sm">None yet. What looks like a secret is masked anyhow: see below.</p>
          ) : (
            <Table label="Rules" head={['Paths', 'What holds there', 'Where', 'Why', 'Made', '(Change)']}>
              {rules.map((rule) => (
                <Row key={rule.id}>
                  <Cell className="break-all font-mono text-xs">{rule.pattern}</Cell>
                  <Cell>{describeEffect(rule)}</Cell>
                  <Cell>{rule.clusterName ?? 'every cluster'}</Cell>
                  <Cell>{rule.note}</Cell>
                  <Cell className="text-muted text-xs">
                    <RelativeTime at={rule.createdAt} /> by {rule.createdByName}
                  </Cell>
                  <Cell className="whitespace-nowrap text-right">
                    <GuardedButton
                      action="value-rule.change"
                      size="small"
                      tone="quiet"
                      aria-label={`Change the rule ${rule.pattern}`}
                      onClick={() => setChanging(rule)}
                    >
                      Change…
                    </GuardedButton>
                    <GuardedButton
                      action="value-rule.remove"
                      size="small"
                      tone="quiet"
                      pending={remove.pending}
                      aria-label={`Remove the rule ${rule.pattern}`}
                      onClick={() => remove.run({ ruleId: rule.id })}
                    >
                      Remove
                    </GuardedButton>
                  </Cell>
                </Row>
              ))}
            </Table>
          )}
        </div>
      </Card>
      <Card title="Add a rule">
        <ValueRuleForm clusters={clusters} onDone={() => router.refresh()} />
      </Card>
      {changing && (
        <Dialog open onOpenChange={() => setChanging(null)} wide title="Change the rule" description={changing.pattern}>
          <ValueRuleForm
            clusters={clusters}
            rule={changing}
            onDone={() => {
              setChanging(null)
              router.refresh()
            }}
          />
        </Dialog>
      )}
    </>
  )
}
