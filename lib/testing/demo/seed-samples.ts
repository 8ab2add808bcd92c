import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { invariant } from '../../base/invariant.ts'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import { type SampleZnode, sampleTree } from './sample-tree.ts'

const BATCH_OPS = 500

/** Writes the persistent part of the sample tree. Only into a tree that does not hold it yet; the server refuses doubles. */
export async function seedPersistentSamples(connection: ClusterConnection): Promise<number> {
  let written = 0
  let batch: WriteOperation[] = []
  const flush = async () => {
    if (batch.length === 0) return
    const outcome = await connection.multi(batch)
    invariant(outcome.kind === 'done', `the sample data was refused: ${JSON.stringify(outcome)}`)
    written += batch.length
    batch = []
  }
  for (const sample of sampleTree()) {
    if (sample.kind === 'ephemeral') continue
    if (sample.sequential) {
      await flush()
      await createOne(connection, sample)
      written++
      continue
    }
    batch.push({
      op: 'create',
      path: sample.path,
      data: sample.data,
      acl: sample.acl,
      kind: sample.kind,
      ttlMs: sample.ttlMs,
    })
    if (batch.length >= BATCH_OPS) await flush()
  }
  await flush()
  return written
}

/** Creates the ephemerals that a live session holds; takes over those that a former session has left until it expires. */
export async function holdEphemeralSamples(connection: ClusterConnection): Promise<number> {
  let held = 0
  for (const sample of sampleTree()) {
    if (sample.kind !== 'ephemeral') continue
    if (!sample.sequential) {
      const reading = await connection.get(sample.path)
      if (reading.kind === 'found')
        await connection.multi([{ op: 'delete', path: sample.path, version: reading.znode.stat.version }])
    }
    if (await createOne(connection, sample)) held++
  }
  return held
}

/** False when the parent is gone: whoever plays with the demo may have deleted it. */
async function createOne(connection: ClusterConnection, sample: SampleZnode): Promise<boolean> {
  const outcome = await connection.create({
    path: sample.path,
    data: sample.data,
    acl: sample.acl,
    kind: sample.kind,
    sequential: sample.sequential,
    ...(sample.ttlMs === null ? {} : { ttlMs: sample.ttlMs }),
  })
  if (outcome.kind === 'refused' && outcome.code === 'NO_NODE') return false
  invariant(outcome.kind === 'done', `the sample znode ${sample.path} was refused: ${JSON.stringify(outcome)}`)
  return true
}
