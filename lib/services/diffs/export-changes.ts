import { ROOT } from '../../domain/znode/path.ts'
import { findCluster } from '../clusters/find-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { assertActorCan } from '../gate.ts'
import { readChanges } from './diff-file.ts'
import { getReadyDiff } from './to-diff-view.ts'

/** The lines that `arkeeper diff --json` prints, each with its line break. */
export async function* exportChanges(context: ServiceContext, diffId: string): AsyncGenerator<string, void, void> {
  const diff = await getReadyDiff(context, diffId)
  await assertActorCan(context, {
    action: 'diff.export',
    cluster: await findCluster(context, diff.clusterId),
    otherClusterId: diff.otherClusterId,
    path: diff.path,
    after: { diff: diffId },
  })
  const dir = await context.workFiles.fetch(diff.dir)
  for await (const { path, change, fields, ephemeral } of readChanges(dir, ROOT)) {
    yield `${JSON.stringify({ path, change, fields, ephemeral })}\n`
  }
}
