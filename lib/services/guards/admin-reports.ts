import type { AdminObject, AdminServerPort, AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type {
  AddressesBySession,
  EphemeralsBySession,
  ServerReport,
  WatchesByPath,
} from '../../adapters/zookeeper/server-reports.ts'
import { CancelledError, formatErrorLine } from '../../base/errors.ts'
import { toAdminObject } from '../engine/read-admin-facts.ts'

const TIMEOUT_MS = 3_000

export interface AdminAsker {
  readonly adminServers: AdminServerPort
  readonly signal?: AbortSignal
}

/** The AdminServers' words for what wchs and wchp say; see ServerReports. */
export function askAdminWatches(
  asker: AdminAsker,
  admins: readonly AdminTarget[],
  options: { readonly pathsMax: number },
): Promise<ServerReport<WatchesByPath>[]> {
  return askAll(asker, admins, async (ask) => {
    const total = (await ask('watch_summary')).num_paths
    if (typeof total === 'number' && total > options.pathsMax) return { kind: 'too-many', total }
    const paths = Object.entries(toAdminObject((await ask('watches_by_path')).path_to_session_ids) ?? {})
    return told(new Map(paths.map(([path, ids]) => [path, toSessions(ids)])))
  })
}

export function askAdminEphemerals(
  asker: AdminAsker,
  admins: readonly AdminTarget[],
): Promise<ServerReport<EphemeralsBySession>[]> {
  return askAll(asker, admins, async (ask) => {
    const owners = Object.entries(toAdminObject((await ask('dump')).session_id_to_ephemeral_paths) ?? {})
    const toPaths = (paths: unknown) => (Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [])
    return told(
      new Map(
        owners.filter(([id]) => /^-?\d+$/.test(id)).map(([id, paths]) => [toSession(BigInt(id)), toPaths(paths)]),
      ),
    )
  })
}

export function askAdminAddresses(
  asker: AdminAsker,
  admins: readonly AdminTarget[],
): Promise<ServerReport<AddressesBySession>[]> {
  return askAll(asker, admins, async (ask) => {
    const answer = await ask('connections')
    const addresses = new Map<bigint, string>()
    for (const list of [answer.connections, answer.secure_connections]) {
      for (const each of Array.isArray(list) ? list : []) {
        const { session_id: id, remote_socket_address: address } = toAdminObject(each) ?? {}
        if ((typeof id === 'number' || typeof id === 'bigint') && typeof address === 'string') {
          addresses.set(toSession(BigInt(id)), address)
        }
      }
    }
    return told(addresses)
  })
}

type Told<T> = ServerReport<T> extends infer Report ? (Report extends unknown ? Omit<Report, 'server'> : never) : never

function told<T>(value: T) {
  return { kind: 'told', value, cut: false } as const
}

function askAll<T>(
  { adminServers, signal }: AdminAsker,
  admins: readonly AdminTarget[],
  run: (ask: (command: string) => Promise<AdminObject>) => Promise<Told<T>>,
): Promise<ServerReport<T>[]> {
  return Promise.all(
    admins.map(async (admin): Promise<ServerReport<T>> => {
      const server = admin.url
      try {
        const answer = await run((command) => adminServers.ask(admin, command, { signal, timeoutMs: TIMEOUT_MS }))
        // The compiler does not put a union together again from its parts.
        return { server, ...answer } as ServerReport<T>
      } catch (error) {
        if (error instanceof CancelledError) throw error
        return { server, kind: 'failed', message: formatErrorLine(error) }
      }
    }),
  )
}

/** Signed, as the protocol has it: the AdminServer's JSON says it so, too. */
function toSession(id: bigint): bigint {
  return BigInt.asIntN(64, id)
}

function toSessions(ids: unknown): bigint[] {
  if (!Array.isArray(ids)) return []
  return ids.flatMap((id) => (typeof id === 'number' || typeof id === 'bigint' ? toSession(BigInt(id)) : []))
}
