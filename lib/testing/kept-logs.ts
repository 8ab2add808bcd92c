import { join } from 'node:path'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { formatHex64 } from '../base/hex64.ts'
import { TxnEntry } from '../domain/txnlog/entry.ts'
import type { ServiceContext } from '../services/context.ts'
import { openLogs } from '../services/logs/cluster-logs.ts'
import { logFolder } from '../services/logs/log-folder.ts'
import { create, encodeEntry } from './log-builder.ts'
import { buildTree, streamOf } from './znode-builder.ts'

export interface KeptCluster {
  readonly id: string
  readonly name: string
}

/** Another host: the same database, and folders of its own. */
export function hostOf(context: ServiceContext, name: string): ServiceContext {
  const paths = {
    ...context.paths,
    storeDir: join(context.paths.dataDir, name, 'store'),
    workDir: join(context.paths.dataDir, name, 'work'),
  }
  return { ...context, paths, archives: createFileArchives() }
}

export function zxidRange(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i))
}

/** The transaction with that number: it creates `/z<number>`. */
export const createOf = (zxid: bigint) => create(zxid, { path: `/z${zxid.toString(16)}` })

/** Into the folder of that host, as the keeping does. */
export async function appendLog(
  context: ServiceContext,
  cluster: KeptCluster,
  zxids: readonly bigint[],
  recipients?: readonly string[],
): Promise<void> {
  const entries = (async function* () {
    yield zxids.map((zxid) => TxnEntry.fromBytes(encodeEntry(createOf(zxid))))
  })()
  const input = { entries, members: ['zk1'], ...(recipients === undefined ? {} : { recipients }) }
  await context.archives.logs.append(logFolder(context, cluster.name), input)
}

/** Every transaction as that host reads it, wherever the pieces lie; and what it says is missing. */
export async function readLog(context: ServiceContext, cluster: KeptCluster) {
  const logs = await openLogs(context, cluster)
  const zxids: bigint[] = []
  for (const segment of logs.archived.segments) {
    for await (const batch of logs.read(segment)) zxids.push(...batch.map(({ zxid }) => zxid))
  }
  return { zxids, gaps: logs.archived.gaps, problems: logs.archived.problems }
}

/** A base as the stream leaves it beside the log of that host: the tree of those paths after that transaction. */
export async function addStreamBase(
  context: ServiceContext,
  cluster: KeptCluster,
  zxid: bigint,
  recipients: readonly string[] = [],
): Promise<string> {
  const at = formatHex64(zxid)
  const archives = recipients.length === 0 ? context.archives : context.archives.withRecipients(recipients)
  const { dir } = await archives.write({
    parentDir: context.archives.logs.basesDir(logFolder(context, cluster.name)),
    stream: streamOf(buildTree(['/', '/a', `/at-${at}`])),
    startedAtMs: context.clock.now(),
    now: () => context.clock.now(),
    describe: () => ({
      cluster: { name: cluster.name, connectString: null, chroot: '/' },
      source: 'observer',
      zookeeperVersion: null,
      scope: { paths: ['/'], kind: 'subtrees' },
      zxid,
      consistency: { class: 'exact', proof: 'replay', from: at, to: at, moved: [] },
      unreadable: [],
    }),
  })
  return dir
}
