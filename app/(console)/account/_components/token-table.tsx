'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { TokenView } from '@/lib/services/tokens/views.ts'
import { revokeTokenAction } from '../actions.ts'

const STATE_WORDS: Record<TokenView['state'], string> = {
  works: 'works',
  expired: 'expired',
  revoked: 'revoked',
  'owner-deactivated': 'its owner is deactivated',
}

export function TokenTable({ tokens }: { tokens: readonly TokenView[] }) {
  const router = useRouter()
  const revoke = useAction(revokeTokenAction, () => router.refresh())
  return (
    <>
      {revoke.error && (
        <div className="p-4">
          <ErrorNotice error={revoke.error} />
        </div>
      )}
      <Table label="API tokens" head={['Token', 'May', 'Clusters', 'Last used', 'Works until', '(Revoke)']}>
        {tokens.map((token) => (
          <Row key={token.id}>
            <Cell className="min-w-32 break-words">
              <span className="font-medium">{token.name}</span> <code className="text-muted">{token.hint}…</code>
              {!token.isYours && <p className="text-muted text-xs">of {token.ownerName}</p>}
            </Cell>
            <Cell>{token.scopes.join(', ')}</Cell>
            <Cell className="break-words">{token.clusters === null ? 'all' : token.clusters.join(', ')}</Cell>
            <Cell>
              {token.lastUsedAt === null ? (
                'never'
              ) : (
                <>
                  <RelativeTime at={token.lastUsedAt} />
                  {token.lastUsedIp !== null && <span className="text-muted"> from {token.lastUsedIp}</span>}
                </>
              )}
            </Cell>
            <Cell>
              {token.state === 'works' ? (
                <RelativeTime at={token.expiresAt} />
              ) : (
                <Badge>{STATE_WORDS[token.state]}</Badge>
              )}
            </Cell>
            <Cell className="text-right">
              <Button
                size="small"
                pending={revoke.pending}
                disabledReason={
                  (token.state === 'revoked' && 'It is revoked already') ||
                  (token.state === 'expired' && 'It has expired: nothing can be done with it')
                }
                aria-label={`Revoke the token ${token.name}${token.isYours ? '' : ` of ${token.ownerName}`}`}
                onClick={() => revoke.run({ tokenId: token.id })}
              >
                Revoke
              </Button>
            </Cell>
          </Row>
        ))}
      </Table>
    </>
  )
}
