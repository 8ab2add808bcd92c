import { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import { openTree } from '../tree/open-tree.ts'
import { toUnpackedZnodeView } from '../tree/to-znode-view.ts'
import type { ZnodeView } from '../tree/views.ts'
import { withValueMask } from '../values/value-mask.ts'
import { describeTreeRef } from './describe-tree-ref.ts'
import { type ChangeState, findChange, toState } from './diff-file.ts'
import { getReadyDiff } from './to-diff-view.ts'
import type { ChangeDetailView } from './views.ts'

const inputSchema = z.object({ diffId: z.string(), path: z.string() })

/** Both sides of one change, read again from where they are; `movedSince` when a side is not what was compared. */
export async function getChange(
  context: ServiceContext,
  input: z.input<typeof inputSchema>,
): Promise<ChangeDetailView> {
  const { diffId, path: pathText } = parseInput(inputSchema, input)
  const path = parsePath(pathText)
  const diff = await getReadyDiff(context, diffId)
  const record = await findChange(await context.workFiles.fetch(diff.dir), path)
  if (!record) throw new ServiceError('NOT_FOUND', `${path} is not among the changes of this diff`)
  const before = await readSide(context, String(diff.left), path)
  const after = await readSide(context, String(diff.right), path)
  return {
    path,
    change: record.change,
    fields: record.fields,
    ephemeral: record.ephemeral,
    before: before.view,
    after: after.view,
    movedSince: !isSame(record.before, before.state) || !isSame(record.after, after.state),
  }
}

async function readSide(
  context: ServiceContext,
  ref: string,
  path: string,
): Promise<{ view: ZnodeView | null; state: ChangeState | null }> {
  const tree = await openTree(context, (await describeTreeRef(context, ref)).ref)
  try {
    const reading: ZnodeReading = await tree.reader.get(path, { signal: context.signal })
    if (reading.kind !== 'found') return { view: null, state: null }
    const { znode, numChildren } = reading
    const place = { clusterId: tree.clusterId, tree: ref }
    const view = await withValueMask(context, place, (mask) => toUnpackedZnodeView(znode, numChildren, mask))
    return { view, state: toState(znode) }
  } finally {
    await tree.release()
  }
}

function isSame(a: ChangeState | null, b: ChangeState | null): boolean {
  if (a === null || b === null) return a === b
  return a.czxid === b.czxid && a.version === b.version && a.aversion === b.aversion
}
