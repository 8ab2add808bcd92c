import { Zxid } from '@/app/_components/zxid.tsx'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ServerHealthView } from '@/lib/services/health/views.ts'

const HEAD = [
  'Server',
  'Role',
  'Version',
  'Up for',
  'Latency avg / max, ms',
  'Outstanding',
  'Connections',
  'Watches',
  'Znodes',
  'Data',
  'In sync',
  'Mismatches',
  'Open files',
  'zxid',
]
const NUMERIC = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const NOT_TOLD = '–'

/** Each server a row; what it does not tell is a dash, never a zero. */
export function ServerHealthTable({ servers }: { servers: readonly ServerHealthView[] }) {
  return (
    <>
      <Table label="Servers now" head={HEAD} numeric={NUMERIC}>
        {servers.map((server) => (
          <ServerRow key={server.server} server={server} />
        ))}
      </Table>
      <p className="border-t px-4 py-2 text-muted text-xs">
        {NOT_TOLD} is not told. Latency, mismatches and sessions are counted since each server’s start; “in sync” is
        told by the leader.
      </p>
    </>
  )
}

function ServerRow({ server }: { server: ServerHealthView }) {
  const name = (
    <th scope="row" className="px-3 py-2 pl-4 text-left align-middle font-normal">
      <code className="whitespace-nowrap font-mono">{server.server}</code>
      {server.serverId !== null && <span className="text-muted"> id {server.serverId}</span>}
    </th>
  )
  if (!server.ok) {
    return (
      <Row>
        {name}
        <Cell>
          <Badge tone="bad">{server.fault === 'NOT_SERVING' ? 'not serving' : 'down'}</Badge>
        </Cell>
        <Cell span={HEAD.length - 2}>
          <span className="text-removed">{server.faultMessage ?? server.fault}</span>
        </Cell>
      </Row>
    )
  }
  return (
    <Row>
      {name}
      <Cell>
        <Badge tone={ROLE_TONES[server.role ?? ''] ?? 'neutral'}>{server.role}</Badge>
      </Cell>
      <Cell>{server.version ?? NOT_TOLD}</Cell>
      <NumberCell>{server.uptimeMs === null ? null : formatDuration(server.uptimeMs)}</NumberCell>
      <NumberCell>
        {server.latencyAvg === null ? null : `${short(server.latencyAvg)} / ${count(server.latencyMax)}`}
      </NumberCell>
      <NumberCell>{count(server.outstanding)}</NumberCell>
      <NumberCell>{count(server.connections)}</NumberCell>
      <NumberCell>{count(server.watches)}</NumberCell>
      <NumberCell>{count(server.znodes)}</NumberCell>
      <NumberCell>{server.dataBytes === null ? null : formatBytes(server.dataBytes)}</NumberCell>
      <NumberCell>{inSync(server)}</NumberCell>
      <NumberCell>
        {server.digestMismatches !== null && server.digestMismatches > 0 ? (
          <span className="font-medium text-removed">{formatCount(server.digestMismatches)}</span>
        ) : (
          count(server.digestMismatches)
        )}
      </NumberCell>
      <NumberCell>{openFiles(server)}</NumberCell>
      <Cell className="whitespace-nowrap">{server.zxid === null ? NOT_TOLD : <Zxid value={server.zxid} />}</Cell>
    </Row>
  )
}

const ROLE_TONES: Readonly<Record<string, BadgeTone>> = {
  leader: 'accent',
  standalone: 'accent',
  'read-only': 'warn',
}

function NumberCell({ children }: { children: React.ReactNode }) {
  return <Cell className="whitespace-nowrap text-right">{children ?? NOT_TOLD}</Cell>
}

const count = (value: number | null) => (value === null ? NOT_TOLD : formatCount(value))
const short = (value: number) => (value < 10 ? value.toFixed(1) : formatCount(Math.round(value)))

function inSync({
  role,
  learners,
  syncedFollowers,
  syncedNonVoting,
  syncedObservers,
}: ServerHealthView): string | null {
  if (role !== 'leader' || syncedFollowers === null) return null
  const synced = syncedFollowers + (syncedNonVoting ?? 0) + (syncedObservers ?? 0)
  return learners === null ? formatCount(synced) : `${synced} of ${learners}`
}

function openFiles({ openFiles: open, openFilesMax }: ServerHealthView): string | null {
  if (open === null) return null
  const isLimited = openFilesMax !== null && openFilesMax > 0 && openFilesMax < Number.MAX_SAFE_INTEGER
  return isLimited ? `${formatCount(open)} (${Math.round((100 * open) / openFilesMax)} %)` : formatCount(open)
}
