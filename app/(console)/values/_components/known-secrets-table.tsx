'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { KnownSecretView } from '@/lib/services/values/views.ts'
import { switchKnownSecretAction } from '../actions.ts'

/** The rules that Arkeeper comes with: masked at every cluster, and revealed by operators, unless somebody switches one off. */
export function KnownSecretsTable({ known }: { known: readonly KnownSecretView[] }) {
  const router = useRouter()
  const change = useAction(switchKnownSecretAction, () => router.refresh())
  return (
    <div className="flex flex-col gap-3 py-4">
      <p className="px-4 text-sm">
        Masked from the start, in any case of letters and at every cluster, until an operator reveals them one by one.
      </p>
      {change.error && (
        <div className="px-4">
          <ErrorNotice error={change.error} />
        </div>
      )}
      <Table label="Places that look like secrets" head={['What', 'Paths', 'State', '(Change)']}>
        {known.map(({ id, what, pattern, enabled, recordsReads }) => (
          <Row key={id}>
            <Cell>{what}</Cell>
            <Cell className="break-all font-mono text-xs">{pattern}</Cell>
            <Cell className="whitespace-nowrap">{enabled ? 'masked' : <Badge tone="warn">off</Badge>}</Cell>
            <Cell className="text-right">
              <GuardedButton
                action="value-rule.switch"
                size="small"
                tone="quiet"
                pending={change.pending}
                aria-label={`${enabled ? 'Switch off' : 'Switch on'}: ${what}`}
                onClick={() => change.run({ ruleId: id, enabled: !enabled, recordsReads })}
              >
                {enabled ? 'Switch off' : 'Switch on'}
              </GuardedButton>
            </Cell>
          </Row>
        ))}
      </Table>
    </div>
  )
}
