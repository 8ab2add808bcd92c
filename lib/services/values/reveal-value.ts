import type { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import { parsePath } from '../../domain/znode/path.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan } from '../gate.ts'
import { getTracedTouch, toTransactionDetail } from '../logs/get-znode-transaction.ts'
import type { ZnodeTransactionDetailView } from '../logs/views.ts'
import { parseInput } from '../parse-input.ts'
import { readTree } from '../tree/read-tree.ts'
import { toReadingView, toUnpackedZnodeView } from '../tree/to-znode-view.ts'
import type { ZnodeReadingView } from '../tree/views.ts'
import { revealTransactionSchema, revealValueSchema } from './schemas.ts'
import { loadValueMask, NO_MASK } from './value-mask.ts'

/** One hidden value, once: who saw which is on record before it is given. Nothing of it is kept. */
export async function revealValue(
  context: ServiceContext,
  input: z.input<typeof revealValueSchema>,
): Promise<ZnodeReadingView> {
  const { tree, path: pathText } = parseInput(revealValueSchema, input)
  const path = parsePath(pathText)
  const place = await assertMayReveal(context, tree, path)
  const reading = await readTree(context, place.ref, (reader) => reader.get(path, { signal: context.signal }))
  if (reading.kind !== 'found') return toReadingView(reading, NO_MASK)
  const { znode, numChildren } = reading
  const { version, mzxid } = znode.stat
  await recordReveal(context, place, { tree, version, mzxid })
  return { kind: 'found', znode: await toUnpackedZnodeView(znode, numChildren, NO_MASK) }
}

/** The hidden values before and after one transaction, as above. */
export async function revealTransaction(
  context: ServiceContext,
  input: z.input<typeof revealTransactionSchema>,
): Promise<ZnodeTransactionDetailView> {
  const { tree, path: pathText, zxid } = parseInput(revealTransactionSchema, input)
  const path = parsePath(pathText)
  const place = await assertMayReveal(context, tree, path)
  const traced = await getTracedTouch(context, { ref: place.ref, path, zxid })
  await recordReveal(context, place, { tree, transaction: formatHex64(traced.touch.zxid) })
  return toTransactionDetail(traced, path, NO_MASK)
}

type Place = Awaited<ReturnType<typeof assertMayReveal>>

async function assertMayReveal(context: ServiceContext, tree: string, path: string) {
  const { ref, clusterId, clusterName } = await describeTreeRef(context, tree)
  const cluster = { id: clusterId, name: clusterName }
  await assertActorCan(context, { action: 'value.reveal', cluster, path, after: { tree } })
  const judged = (await loadValueMask(context, clusterId)).judge(path)
  if (judged && !judged.mayReveal) {
    const message = `Revealing the value of ${path} needs the role ${judged.leastRole}`
    await writeAudit(context.db, context, {
      action: 'value.reveal',
      outcome: 'denied',
      cluster,
      path,
      after: { tree },
      message,
    })
    throw new ServiceError('FORBIDDEN', message, {
      unaffected: 'nothing was shown',
      remedy: `ask somebody with the role ${judged.leastRole} there`,
    })
  }
  return { ref, cluster, path }
}

/** Where it lay and which version it was, never the value. */
async function recordReveal(
  context: ServiceContext,
  { cluster, path }: Place,
  after: Readonly<Record<string, string | number | bigint>>,
): Promise<void> {
  await writeAudit(context.db, context, { action: 'value.reveal', outcome: 'ok', cluster, path, after })
}
