'use client'

import { TriangleAlert } from 'lucide-react'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Badge } from '@/app/_ui/badge.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { StateFactsView, TouchKind, ZnodeTransactionView } from '@/lib/services/logs/views.ts'
import type { LogRow } from './log-rows.ts'

/** Newest first, with a choice of the one that is shown below. */
export function LogTable({
  rows,
  shown,
  onChoose,
}: {
  rows: readonly LogRow[]
  shown: string | null
  onChoose: (zxid: string) => void
}) {
  return (
    <Table
      label="Transactions that touched the znode"
      head={['(Shown below)', 'When', 'What', 'Value before → after', 'Version', 'zxid', 'Session']}
    >
      {rows.map((row) =>
        row.kind === 'break' ? (
          <Row key={`${row.missing.after} ${row.missing.before}`} className="bg-changed-soft">
            <Cell span={7} className="text-sm">
              <span className="flex items-start gap-2">
                <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-changed" />
                <span>
                  {row.missing.problem === null
                    ? `The archive lacks the transactions between ${row.missing.after} and ${row.missing.before}: what they did is not known.`
                    : `The transactions between ${row.missing.after} and ${row.missing.before} cannot be read: ${row.missing.problem}.`}
                </span>
              </span>
            </Cell>
          </Row>
        ) : (
          <TransactionRow
            key={row.transaction.zxid}
            transaction={row.transaction}
            isShown={row.transaction.zxid === shown}
            onChoose={onChoose}
          />
        ),
      )}
    </Table>
  )
}

function TransactionRow({
  transaction,
  isShown,
  onChoose,
}: {
  transaction: ZnodeTransactionView
  isShown: boolean
  onChoose: (zxid: string) => void
}) {
  const { zxid, at, session, multiOps, before, after } = transaction
  return (
    <Row>
      <Cell className="w-10">
        <input
          type="radio"
          name="shown-transaction"
          aria-label={`Show transaction ${zxid}`}
          checked={isShown}
          onChange={() => onChoose(zxid)}
        />
      </Cell>
      <Cell className="whitespace-nowrap">
        <RelativeTime at={at} />
      </Cell>
      <Cell className="min-w-32">
        <span className="flex flex-wrap items-center gap-1.5">
          {wordsOf(transaction.did)}
          {multiOps !== null && multiOps > 1 && <Badge title="All of them or none">1 of {multiOps} at once</Badge>}
        </span>
      </Cell>
      <Cell className="whitespace-nowrap">
        {sizeOf(before)} → {sizeOf(after)}
      </Cell>
      <Cell className="tabular-nums">{after.kind === 'present' ? (after.version ?? '?') : ''}</Cell>
      <Cell className="whitespace-nowrap">
        <Zxid value={zxid} />
      </Cell>
      <Cell className="whitespace-nowrap">
        <Zxid value={session} what="session" />
      </Cell>
    </Row>
  )
}

const WORDS: Readonly<Record<TouchKind, string>> = {
  created: 'created',
  data: 'value written',
  acl: 'access changed',
  deleted: 'deleted',
  closed: 'deleted: its session ended',
}

/** The same several times in one transaction is said once. */
export function wordsOf(did: readonly TouchKind[]): string {
  return [...new Set(did)].map((kind) => WORDS[kind]).join(', ')
}

export function sizeOf(state: StateFactsView): string {
  switch (state.kind) {
    case 'absent':
      return 'absent'
    case 'present':
      return state.dataLength === null ? 'null' : formatBytes(state.dataLength)
    case 'unknown':
      return WHY[state.why]
  }
}

export const WHY = {
  'logs-begin': 'not in the logs',
  gap: 'not known',
  'further-back': 'written earlier',
} as const
