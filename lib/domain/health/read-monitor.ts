/** What one server told of itself at one moment. Null: it did not tell. Counters run from its start. */
export interface HealthNumbers {
  readonly role: ServerRole | null
  readonly version: string | null
  readonly uptimeMs: bigint | null
  readonly zxid: bigint | null
  readonly latencyMin: number | null
  readonly latencyAvg: number | null
  readonly latencyMax: number | null
  readonly readCount: bigint | null
  readonly readMs: bigint | null
  readonly updateCount: bigint | null
  readonly updateMs: bigint | null
  readonly outstanding: number | null
  readonly connections: number | null
  readonly znodes: number | null
  readonly ephemerals: number | null
  readonly watches: number | null
  readonly dataBytes: bigint | null
  readonly packetsReceived: bigint | null
  readonly packetsSent: bigint | null
  readonly openFiles: number | null
  readonly openFilesMax: bigint | null
  readonly quorumSize: number | null
  readonly learners: number | null
  readonly syncedFollowers: number | null
  readonly syncedNonVoting: number | null
  readonly syncedObservers: number | null
  readonly proposalLastBytes: number | null
  readonly proposalMaxBytes: number | null
  readonly fsyncCount: bigint | null
  readonly fsyncMs: bigint | null
  readonly fsyncMaxMs: number | null
  readonly digestMismatches: number | null
  readonly sessionsExpired: bigint | null
  readonly elections: number | null
}

export const SERVER_ROLES = ['leader', 'follower', 'observer', 'standalone', 'read-only'] as const
export type ServerRole = (typeof SERVER_ROLES)[number]

export function toServerRole(text: unknown): ServerRole | null {
  return SERVER_ROLES.find((role) => role === text) ?? null
}

const INT_MAX = 2_147_483_647
const LONG_MAX = 9_223_372_036_854_775_807n

/**
 * The flat answer of `mntr` (text values, keys with `zk_` in front) or of the AdminServer's `monitor` (JSON values, keys bare). Versions differ
 * in what they tell: what is there is taken, and what is negative is the server's way of saying that it does not know.
 */
export function readMonitor(answer: Readonly<Record<string, unknown>>): HealthNumbers {
  const find = (...keys: readonly string[]) => {
    for (const key of keys) {
      const value = answer[key] ?? answer[`zk_${key}`]
      if (value !== undefined && value !== null) return value
    }
    return null
  }
  const int = (...keys: readonly string[]) => toInt(find(...keys))
  const long = (...keys: readonly string[]) => toLong(find(...keys))
  const znodes = int('znode_count')
  const version = find('version')
  return {
    role: toServerRole(find('server_state')),
    version: typeof version === 'string' ? (/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? null) : null,
    uptimeMs: long('uptime'),
    zxid: long('last_processed_zxid'),
    latencyMin: int('min_latency'),
    latencyAvg: toFloat(find('avg_latency')),
    latencyMax: int('max_latency'),
    readCount: long('cnt_readlatency'),
    readMs: long('sum_readlatency'),
    updateCount: long('cnt_updatelatency'),
    updateMs: long('sum_updatelatency'),
    outstanding: int('outstanding_requests'),
    connections: int('num_alive_connections', 'num_alive_client_connections'),
    // The server counts its root twice (zookeeper-facts.md, 1.1).
    znodes: znodes === null ? null : Math.max(0, znodes - 1),
    ephemerals: int('ephemerals_count'),
    watches: int('watch_count'),
    dataBytes: long('approximate_data_size'),
    packetsReceived: long('packets_received'),
    packetsSent: long('packets_sent'),
    openFiles: int('open_file_descriptor_count'),
    openFilesMax: long('max_file_descriptor_count'),
    quorumSize: int('quorum_size'),
    learners: int('learners', 'followers'),
    syncedFollowers: int('synced_followers'),
    syncedNonVoting: int('synced_non_voting_followers'),
    syncedObservers: int('synced_observers'),
    proposalLastBytes: int('last_proposal_size'),
    proposalMaxBytes: int('max_proposal_size'),
    fsyncCount: long('cnt_fsynctime'),
    fsyncMs: long('sum_fsynctime'),
    fsyncMaxMs: int('max_fsynctime'),
    digestMismatches: int('digest_mismatches_count'),
    sessionsExpired: long('stale_sessions_expired'),
    elections: int('cnt_election_time'),
  }
}

export const NO_NUMBERS: HealthNumbers = readMonitor({})

/** Numbers of the first where it has them, else of the second. */
export function fillNumbers(first: HealthNumbers, second: HealthNumbers): HealthNumbers {
  const told = Object.fromEntries(Object.entries(first).filter(([, value]) => value !== null))
  return { ...second, ...told }
}

/** Null for what does not fit the column, too: no server has two thousand million watches. */
function toInt(value: unknown): number | null {
  const long = toLong(value)
  return long === null || long > INT_MAX ? null : Number(long)
}

function toLong(value: unknown): bigint | null {
  const whole =
    typeof value === 'bigint'
      ? value
      : typeof value === 'number' && Number.isSafeInteger(value)
        ? BigInt(value)
        : typeof value === 'string' && /^\d{1,19}$/.test(value.trim())
          ? BigInt(value.trim())
          : null
  // Whole counts are told as 12.0 by some metrics providers.
  if (whole === null) {
    const float = toFloat(value)
    return float !== null && Number.isSafeInteger(float) ? BigInt(float) : null
  }
  return whole < 0n || whole > LONG_MAX ? null : whole
}

function toFloat(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : null
}
