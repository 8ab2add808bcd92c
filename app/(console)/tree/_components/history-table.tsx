'use client'

import Link from 'next/link'
import { type ReactNode, useState } from 'react'
import { ChangeMark } from '@/app/_components/change-mark.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { HistoryChange } from '@/lib/services/tree/views.ts'
import type { HistoryPoint, HistoryRun } from './fold-history.ts'

interface Props {
  runs: readonly HistoryRun[]
  from: string | null
  to: string | null
  /** The backup that is being looked at. */
  ownRef: string | null
  path: string
  onChoose: (side: 'from' | 'to', ref: string) => void
}

/** Newest first; each row one state of the znode, with a choice for each side of the comparison. */
export function HistoryTable(props: Props) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  return (
    <Table
      label="The znode in each backup"
      head={['From', 'To', 'Where', 'Against the next older', 'Value', 'Version', 'mzxid', 'Written']}
    >
      {props.runs.flatMap((run) => {
        const [newest, ...rest] = run.points
        // A chosen one is never hidden in its run.
        const isOpen = opened.has(newest.ref) || rest.some(({ ref }) => ref === props.from || ref === props.to)
        const toggle = () => {
          const next = new Set(opened)
          if (!next.delete(newest.ref)) next.add(newest.ref)
          setOpened(next)
        }
        return [
          <PointRow key={newest.ref} {...props} point={newest} change={run.change}>
            {rest.length > 0 && (
              <button type="button" className="link text-xs" aria-expanded={isOpen} onClick={toggle}>
                unchanged in {plural(run.points.length, 'backup')}
              </button>
            )}
          </PointRow>,
          ...(isOpen ? rest.map((point) => <PointRow key={point.ref} {...props} point={point} change={null} />) : []),
        ]
      })}
    </Table>
  )
}

function PointRow({
  point,
  change,
  from,
  to,
  ownRef,
  path,
  onChoose,
  children,
}: Props & { point: HistoryPoint; change: HistoryChange | null; children?: ReactNode }) {
  const { reading, backup } = point
  const name = backup ? `backup of ${formatUtc(Date.parse(backup.takenAt))}` : 'live'
  const isKnown = reading.kind === 'found' || reading.kind === 'missing'
  return (
    <Row>
      {(['from', 'to'] as const).map((side) => (
        <Cell key={side} className="w-10">
          <input
            type="radio"
            name={`history-${side}`}
            aria-label={`${side === 'from' ? 'From' : 'To'}: ${name}`}
            checked={point.ref === (side === 'from' ? from : to)}
            disabled={!isKnown}
            onChange={() => onChoose(side, point.ref)}
          />
        </Cell>
      ))}
      <Cell className="min-w-36">
        <span className="flex flex-wrap items-center gap-1.5">
          {backup ? (
            <Link
              href={paths.backupTree(backup.backupId, { path })}
              className="font-medium text-accent hover:underline"
            >
              <RelativeTime at={backup.takenAt} />
            </Link>
          ) : (
            <Badge tone="accent">live</Badge>
          )}
          {point.ref === ownRef && <Badge tone="accent">this backup</Badge>}
          {backup?.isSafety && <Badge title="Taken by a restore before it wrote">safety</Badge>}
          {backup?.isPartial && <Badge tone="warn">partial</Badge>}
        </span>
        {backup?.note && (
          <span className="block max-w-40 truncate text-muted text-xs" title={backup.note}>
            {backup.note}
          </span>
        )}
        {children}
      </Cell>
      <Cell className="whitespace-nowrap">{change && <ChangeWords change={change} />}</Cell>
      {reading.kind === 'found' ? (
        <>
          <Cell className="whitespace-nowrap">
            {reading.dataLength === null ? 'null' : formatBytes(reading.dataLength)}
          </Cell>
          <Cell className="tabular-nums">{reading.version}</Cell>
          <Cell className="whitespace-nowrap">
            <Zxid value={reading.mzxid} what="mzxid" />
          </Cell>
          <Cell className="whitespace-nowrap text-muted">
            <RelativeTime at={reading.mtime} />
          </Cell>
        </>
      ) : (
        <Cell span={4} className="text-muted">
          {reading.kind === 'missing'
            ? 'Absent: there is no such znode here'
            : reading.kind === 'unreadable'
              ? `Not known: ${reading.message}`
              : `${backup ? 'This backup' : 'The cluster'} cannot be read: ${reading.message}`}
        </Cell>
      )}
    </Row>
  )
}

function ChangeWords({ change }: { change: HistoryChange }) {
  switch (change.kind) {
    case 'changed':
      return <ChangeMark change="changed" fields={change.fields} />
    case 'appeared':
      return <ChangeMark change="added" />
    case 'gone':
      return <ChangeMark change="removed" />
    case 'same':
      return <span className="text-muted text-xs">the same</span>
    case 'oldest':
      return <span className="text-muted text-xs">the oldest there is</span>
    case 'unknown':
      return <span className="text-muted text-xs">not known</span>
  }
}
