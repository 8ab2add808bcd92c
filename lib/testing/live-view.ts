import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { copyStat } from '../domain/snapshot/record.ts'
import type { Znode } from '../domain/znode/znode.ts'
import { collectZnodes } from './znode-builder.ts'

/** All that a running server holds, /zookeeper included, as a client reads it. */
export async function readLive(connectString: string): Promise<Znode[]> {
  const connection = await createZooKeeper().connect({ connectString })
  try {
    return await collectZnodes(connection.walk(['/'], { includeSystem: true }).stream)
  } finally {
    await connection.close()
  }
}

/** A znode as a client can see it: kinds but ephemeral are hidden from it. For comparing a file with a live server. */
export function asClientSees(znode: Znode) {
  const isEphemeral = znode.kind === 'ephemeral'
  return {
    path: znode.path,
    data: znode.data === null ? null : Buffer.from(znode.data).toString('hex'),
    acl: znode.acl,
    isEphemeral,
    stat: { ...copyStat(znode.stat), ephemeralOwner: isEphemeral ? znode.stat.ephemeralOwner : 0n },
  }
}

/** zxid and tree digest that a server (3.6+, log level info) says it computed from the snapshot it started on; null where it says none. */
export function findLoaded(log: string): { zxid: bigint; digest: bigint } | null {
  const match = /highest zxid is 0x([0-9a-f]+), digest is (-?\d+)/.exec(log)
  return match && { zxid: BigInt(`0x${match[1]}`), digest: BigInt.asUintN(64, BigInt(match[2]!)) }
}
