import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import { getDiffRow, toDiffViews } from './to-diff-view.ts'
import type { DiffView } from './views.ts'

export async function getDiff(context: Pick<ServiceContext, 'db'>, diffId: string): Promise<DiffView> {
  const [view] = await toDiffViews(context, [await getDiffRow(context, diffId)])
  invariant(view, 'one row gives one view')
  return view
}
