import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServerHealthView } from './views.ts'

/** Everything of a look that people see. */
export const SAMPLE_COLUMNS = {
  server: true,
  at: true,
  ok: true,
  fault: true,
  faultMessage: true,
  gap: true,
  source: true,
  role: true,
  version: true,
  serverId: true,
  uptimeMs: true,
  zxid: true,
  latencyMin: true,
  latencyAvg: true,
  latencyMax: true,
  readCount: true,
  readMs: true,
  updateCount: true,
  updateMs: true,
  outstanding: true,
  connections: true,
  znodes: true,
  ephemerals: true,
  watches: true,
  dataBytes: true,
  packetsReceived: true,
  packetsSent: true,
  openFiles: true,
  openFilesMax: true,
  quorumSize: true,
  learners: true,
  syncedFollowers: true,
  syncedNonVoting: true,
  syncedObservers: true,
  proposalLastBytes: true,
  proposalMaxBytes: true,
  fsyncCount: true,
  fsyncMs: true,
  fsyncMaxMs: true,
  digestMismatches: true,
  sessionsExpired: true,
  elections: true,
} as const satisfies Prisma.HealthSampleSelect
export type SampleRow = Prisma.HealthSampleGetPayload<{ select: typeof SAMPLE_COLUMNS }>

/** Sizes and counts beyond 2^53 are none that a server has; the limit of open files may be, and is then as good as none. */
export function toServerHealthView(row: SampleRow): ServerHealthView {
  return {
    server: row.server,
    ok: row.ok,
    fault: row.fault,
    faultMessage: row.faultMessage,
    gap: row.gap,
    source: row.source,
    role: row.role,
    version: row.version,
    serverId: row.serverId,
    uptimeMs: toNumber(row.uptimeMs),
    zxid: row.zxid === null ? null : formatHex64(row.zxid),
    latencyMin: row.latencyMin,
    latencyAvg: row.latencyAvg,
    latencyMax: row.latencyMax,
    outstanding: row.outstanding,
    connections: row.connections,
    znodes: row.znodes,
    ephemerals: row.ephemerals,
    watches: row.watches,
    dataBytes: toNumber(row.dataBytes),
    packetsReceived: toNumber(row.packetsReceived),
    packetsSent: toNumber(row.packetsSent),
    openFiles: row.openFiles,
    openFilesMax: toNumber(row.openFilesMax),
    quorumSize: row.quorumSize,
    learners: row.learners,
    syncedFollowers: row.syncedFollowers,
    syncedNonVoting: row.syncedNonVoting,
    syncedObservers: row.syncedObservers,
    proposalLastBytes: row.proposalLastBytes,
    proposalMaxBytes: row.proposalMaxBytes,
    fsyncMaxMs: row.fsyncMaxMs,
    digestMismatches: row.digestMismatches,
    sessionsExpired: toNumber(row.sessionsExpired),
  }
}

function toNumber(value: bigint | null): number | null {
  if (value === null) return null
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)
}
