import { setTimeout as pause } from 'node:timers/promises'
import type { AdminServerPort, AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { ClusterTarget, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { PhysicalError } from './errors.ts'
import { PhysicalJournal } from './journal.ts'

const SYNC_ATTEMPTS_MAX = 40
const SYNC_PAUSE_MS = 250

export interface AdminServerToFill {
  readonly name: string
  readonly admin: AdminTarget
  /** host:port of its client port. */
  readonly client: string
}

export interface ExecuteAdminInput {
  readonly dir: string
  readonly id: string
  readonly servers: readonly AdminServerToFill[]
  readonly target: ClusterTarget
  readonly bytes: number
  readonly body: () => AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal
  readonly now: () => number
  readonly say: (level: 'info' | 'warn' | 'error', message: string) => void
  readonly onStage?: (stage: string, done: number, total: number) => void
  readonly assertOwned: () => void
}

interface Ports {
  readonly adminServers: AdminServerPort
  readonly zookeeper: Pick<ZooKeeperPort, 'connect'>
}

/**
 * The order that outlives a restart: every server takes the file into its memory, one write takes the zxid above everything before, every
 * server is seen to have it, and each writes a snapshot whose name is then above its old logs. The restarts come after it.
 */
export async function fillThroughAdminServers(ports: Ports, input: ExecuteAdminInput): Promise<void> {
  const journal = await PhysicalJournal.open(input, input.now)
  const { servers, signal } = input
  const each = async (
    step: 'post' | 'see' | 'save',
    stage: string,
    work: (server: AdminServerToFill) => Promise<string>,
  ) => {
    for (const [index, server] of servers.entries()) {
      throwIfAborted(signal)
      input.assertOwned()
      input.onStage?.(stage, index, servers.length)
      await journal.once({ pass: 'restore', step, member: server.name }, () => work(server))
    }
  }
  await each('post', 'Sending the snapshot', async ({ name, admin }) => {
    await ports.adminServers.restore(admin, { bytes: input.bytes, body: input.body() }, { signal })
    input.say('info', `${name} has taken the snapshot into its memory`)
    return 'in memory'
  })
  const marker = `/arkeeper-restored-${input.id}`
  input.assertOwned()
  await journal.once({ pass: 'restore', step: 'mark', member: null }, async () => {
    await writeMarker(ports, input, marker)
    return marker
  })
  await each('see', 'Looking that every server follows', async ({ name, client }) => {
    await untilSeen(ports, input, { name, client, marker })
    return 'follows'
  })
  await each('save', 'Making every server write it down', async ({ name, admin }) => {
    const snapshot = await ports.adminServers.takeSnapshot(admin, { signal })
    // What it sends is on its disk already; only that it is whole matters.
    for await (const chunk of snapshot.body) if (chunk.length === 0) break
    input.say('info', `${name} has written snapshot.${snapshot.lastZxid.toString(16)}`)
    return `snapshot.${snapshot.lastZxid.toString(16)}`
  })
  await journal.once({ pass: 'restore', step: 'unmark', member: null }, async () => {
    await removeMarker(ports, input, marker)
    return undefined
  })
}

async function writeMarker(ports: Ports, input: ExecuteAdminInput, path: string): Promise<void> {
  const connection = await ports.zookeeper.connect(input.target, { signal: input.signal })
  try {
    const made = await connection.create({ path, data: null, acl: OPEN_ACL, kind: 'persistent' })
    if (made.kind === 'done' || (await connection.get(path)).kind === 'found') return
    throw new PhysicalError('MARKER_REFUSED', `The marker ${path} could not be written`, {
      unaffected: 'the files on the disks of the servers are as they were: a restart undoes what they took',
      remedy: 'use credentials that may create a znode at the root, then go on',
    })
  } finally {
    await connection.close()
  }
}

async function untilSeen(
  ports: Ports,
  input: ExecuteAdminInput,
  { name, client, marker }: { readonly name: string; readonly client: string; readonly marker: string },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(input.signal)
    const connection = await ports.zookeeper.connect(
      { ...input.target, connectString: client },
      { signal: input.signal },
    )
    try {
      await connection.sync('/')
      if ((await connection.get(marker)).kind === 'found') return
    } finally {
      await connection.close()
    }
    if (attempt === SYNC_ATTEMPTS_MAX) {
      throw new PhysicalError('NOT_FOLLOWING', `${name} does not show the marker that was written after the restore`, {
        unaffected: 'its files are as they were: a restart brings its old state back',
        remedy: 'look into its log; restart it, and go on',
      })
    }
    await pause(SYNC_PAUSE_MS)
  }
}

async function removeMarker(ports: Ports, input: ExecuteAdminInput, path: string): Promise<void> {
  const connection = await ports.zookeeper.connect(input.target, { signal: input.signal })
  try {
    await connection.multi([{ op: 'delete', path, version: -1 }])
  } finally {
    await connection.close()
  }
}
