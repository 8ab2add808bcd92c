import { CircleAlert, CircleCheck, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type {
  DirectoryView,
  FileListView,
  FileView,
  LogFileView,
  SnapshotFileView,
} from '@/lib/services/retention/views.ts'
import { PlainFact } from './plain-fact.tsx'
import type { PurgeState } from './retention-words.ts'

interface TableProps {
  readonly member: string
  readonly directory: DirectoryView
  readonly purge: PurgeState
}

export function SnapshotTable({ member, directory, purge }: TableProps) {
  const { snapshots, oldestKept } = directory
  return (
    <FileCard
      title={`Snapshots of ${member}`}
      list={snapshots}
      empty="No snapshot: this server has not started here yet, or its files lie elsewhere."
      note={
        <>
          <PurgeNote list={snapshots} purge={purge} oldestKept={oldestKept} />
          <PlainFact>
            The newest snapshot alone is no backup: it was written while transactions went on, and becomes one state
            only with the logs from the one at or before its zxid. <code>zkServer.sh</code> has no command that takes
            one.
          </PlainFact>
        </>
      }
    >
      <Table
        label={`Snapshots of ${member}`}
        head={['File', 'zxid', 'Written', 'Size', 'On disk', 'At a purge']}
        numeric={[3, 4]}
      >
        {snapshots.shown.map((file) => (
          <SnapshotRow key={file.name} file={file} />
        ))}
      </Table>
    </FileCard>
  )
}

function SnapshotRow({ file }: { file: SnapshotFileView }) {
  return (
    <Row>
      <NameCell file={file} />
      <Cell>{file.zxid === null ? <span className="text-muted">none</span> : <Zxid value={file.zxid} />}</Cell>
      <Cell className="whitespace-nowrap">
        <RelativeTime at={file.modifiedAt} />
      </Cell>
      <SizeCells file={file} />
      <Cell>
        <Fate file={file} />
      </Cell>
    </Row>
  )
}

export function LogTable({ member, directory, purge }: TableProps) {
  const { logs, oldestKept } = directory
  return (
    <FileCard
      title={`Logs of ${member}`}
      list={logs}
      empty="No log: nothing was written since this server started empty, or dataLogDir is another one."
      note={
        <>
          <PurgeNote list={logs} purge={purge} oldestKept={oldestKept} />
          <PlainFact>
            A log is named after its first transaction, whatever the snapshots are called: the one in front of a
            snapshot may reach beyond it, which is why a purge keeps it as well.
          </PlainFact>
        </>
      }
    >
      <Table
        label={`Logs of ${member}`}
        head={['File', 'zxids', 'Transactions', 'From', 'To', 'Size', 'On disk', 'At a purge']}
        numeric={[2, 5, 6]}
      >
        {logs.shown.map((file) => (
          <LogRow key={file.name} file={file} />
        ))}
      </Table>
    </FileCard>
  )
}

function LogRow({ file }: { file: LogFileView }) {
  const { measured } = file
  return (
    <Row>
      <NameCell file={file} fault={file.fault} />
      <Cell className="whitespace-nowrap">
        {file.zxid === null ? <span className="text-muted">none</span> : <Zxid value={file.zxid} />}
        {file.zxid !== null && (
          <>
            {' – '}
            {file.lastZxid === null ? '?' : <Zxid value={file.lastZxid} />}
          </>
        )}
      </Cell>
      <Cell className="whitespace-nowrap text-right tabular-nums">
        {measured === null ? (
          <span className="text-muted">not read</span>
        ) : (
          `${measured.isWhole ? '' : '≥ '}${measured.txns}`
        )}
      </Cell>
      <Cell className="whitespace-nowrap">{measured && <RelativeTime at={measured.firstAt} />}</Cell>
      <Cell className="whitespace-nowrap">
        <RelativeTime at={measured?.isWhole ? measured.lastAt : file.modifiedAt} />
      </Cell>
      <SizeCells file={file} />
      <Cell>
        <Fate file={file} />
      </Cell>
    </Row>
  )
}

function NameCell({ file, fault }: { file: FileView; fault?: string | null }) {
  return (
    <Cell>
      <span className="flex flex-wrap items-center gap-1.5">
        <code className="whitespace-nowrap font-mono text-xs">{file.name}</code>
        {file.isParked && (
          <Badge
            tone="warn"
            icon={<CircleAlert aria-hidden />}
            title="More in its name than a server writes; it counts all the same"
          >
            parked
          </Badge>
        )}
      </span>
      {fault && <p className="max-w-80 text-removed text-xs">{fault}</p>}
    </Cell>
  )
}

function SizeCells({ file }: { file: FileView }) {
  return (
    <>
      <Cell className="whitespace-nowrap text-right tabular-nums">{formatBytes(file.sizeBytes)}</Cell>
      <Cell className="whitespace-nowrap text-right tabular-nums">{formatBytes(file.diskBytes)}</Cell>
    </>
  )
}

function Fate({ file }: { file: FileView }) {
  switch (file.fate) {
    case 'kept':
      return (
        <Badge tone="good" icon={<CircleCheck aria-hidden />}>
          kept
        </Badge>
      )
    case 'purged':
      return (
        <Badge tone="warn" icon={<Trash2 aria-hidden />}>
          deleted next
        </Badge>
      )
    case 'uncounted':
      return (
        <Badge
          tone="bad"
          icon={<CircleAlert aria-hidden />}
          title="Its first or last bytes are not those of a snapshot"
        >
          does not count
        </Badge>
      )
  }
}

const PURGE_WORDS: Record<PurgeState, string> = {
  on: 'The next autopurge deletes',
  off: 'Autopurge is off and nothing is deleted; a purge now would delete',
  'assumed-off': 'Autopurge is off by default, and this server did not say otherwise; a purge now would delete',
}

function PurgeNote({
  list,
  purge,
  oldestKept,
}: {
  list: FileListView<unknown>
  purge: PurgeState
  oldestKept: string | null
}) {
  if (oldestKept === null) {
    return <p className="text-xs">No snapshot looks valid: a purge deletes nothing.</p>
  }
  const amount = `${plural(list.purgedCount, 'file')}, ${formatBytes(list.purgedDiskBytes)}`
  return (
    <p className="text-xs">
      {PURGE_WORDS[purge]} <strong>{amount}</strong>. The oldest snapshot that it keeps is of{' '}
      <code className="font-mono">{oldestKept}</code>.
    </p>
  )
}

function FileCard({
  title,
  list,
  empty,
  note,
  children,
}: {
  title: string
  list: FileListView<FileView>
  empty: string
  note: ReactNode
  children: ReactNode
}) {
  const older = list.count - list.shown.length
  return (
    <Card title={`${title} (${list.count})`} flush>
      {list.count === 0 ? <p className="px-4 py-3 text-muted text-sm">{empty}</p> : children}
      <div className="flex flex-col gap-1.5 border-t px-4 py-3">
        {older > 0 && <p className="text-xs">and {plural(older, 'older file')} that are not listed but counted</p>}
        {list.count > 0 && note}
      </div>
    </Card>
  )
}
