import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { InvariantError } from '../../base/invariant.ts'
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
    if (outcome.kind === 'done') written += batch.length
    // A former start ended half-way: what is there already is left as it is, the rest is added one by one.
    else if (outcome.kind === 'refused' && outcome.code === 'NODE_EXISTS')
      written += await addMissing(connection, batch)
    else throw refusal('the sample data', outcome)
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
  if (outcome.kind !== 'done') throw refusal(sample.path, outcome)
  return true
}

async function addMissing(connection: ClusterConnection, creates: readonly WriteOperation[]): Promise<number> {
  let added = 0
  for (const create of creates) {
    const outcome = await connection.multi([create])
    if (outcome.kind === 'done') added++
    else if (outcome.kind !== 'refused' || outcome.code !== 'NODE_EXISTS') throw refusal(create.path, outcome)
  }
  return added
}

function refusal(what: string, outcome: { readonly kind: string; readonly message: string }): InvariantError {
  return new InvariantError(`${what} was not written: ${outcome.kind}: ${outcome.message}`)
}
