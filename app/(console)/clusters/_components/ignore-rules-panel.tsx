'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { ClusterView } from '@/lib/services/clusters/views.ts'
import type { IgnoreRuleView } from '@/lib/services/ignore-rules/views.ts'
import { removeIgnoreRuleAction } from '../actions.ts'
import { describeFields } from './describe-fields.ts'
import { IgnoreRuleForm } from './ignore-rule-form.tsx'

/** What diffs of this cluster do not show. */
export function IgnoreRulesPanel({ cluster, rules }: { cluster: ClusterView; rules: readonly IgnoreRuleView[] }) {
  const router = useRouter()
  const refresh = () => router.refresh()
  const remove = useAction(removeIgnoreRuleAction, refresh)
  return (
    <div className="flex flex-col gap-4 py-4">
      <p className="px-4 text-sm">
        Changes that diffs of {cluster.name} hide, because they are meant to happen. Nothing is lost: each diff says how
        much it hides and shows it when asked, and a backup holds everything.
      </p>
      {remove.error && (
        <div className="px-4">
          <ErrorNotice error={remove.error} />
        </div>
      )}
      {rules.length > 0 && (
        <Table label="Ignore rules" head={['Paths', 'Changes', 'Why', 'Made', '(Remove)']}>
          {rules.map((rule) => (
            <Row key={rule.id}>
              <Cell className="break-all font-mono text-xs">{rule.pattern}</Cell>
              <Cell>{describeFields(rule.fields)}</Cell>
              <Cell>{rule.note}</Cell>
              <Cell className="text-muted text-xs">
                <RelativeTime at={rule.createdAt} /> by {rule.createdByName}
              </Cell>
              <Cell>
                <GuardedButton
                  action="cluster.unignore"
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
      <div className="px-4">
        <IgnoreRuleForm clusterId={cluster.id} onAdded={refresh} />
      </div>
    </div>
  )
}
