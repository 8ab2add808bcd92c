import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import type { ErrorView } from '../error-view.ts'
import { listFollowGaps } from '../follow/list-follow-gaps.ts'
import type { FollowGapView } from '../follow/views.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { formatTreeRef } from '../tree/tree-ref.ts'
import { toMomentId } from './moment-id.ts'
import { borrowMoment } from './open-moment.ts'
import { type PickInput, pickMoment } from './pick-moment.ts'
import { readTimeLine } from './read-time-line.ts'
import type { MomentView, PickedMomentView, TimeLineView } from './views.ts'

export interface TimeTravelView {
  readonly line: TimeLineView
  /** What the stream of a followed cluster has missed, newest first. */
  readonly missed: readonly FollowGapView[]
  /** Null where nothing was picked, or what was picked is none. */
  readonly moment: MomentView | null
  readonly pickError: ErrorView | null
}

/** The page Time travel: what there is, and the moment that was picked, opened. */
export async function getTimeTravel(
  context: ServiceContext,
  input: { readonly clusterId: string } & PickInput,
): Promise<TimeTravelView> {
  const line = await readTimeLine(context, input.clusterId)
  const { view } = line
  const missed = await listFollowGaps(context, input.clusterId)
  if (input.at.trim() === '' && input.zxid.trim() === '') return { line: view, missed, moment: null, pickError: null }
  let picked: PickedMomentView
  try {
    picked = await pickMoment(context, line, input)
  } catch (error) {
    return { line: view, missed, moment: null, pickError: toErrorView(context, error) }
  }
  return { line: view, missed, moment: await findMoment(context, input.clusterId, picked), pickError: null }
}

async function findMoment(context: ServiceContext, clusterId: string, moment: PickedMomentView): Promise<MomentView> {
  const ref = { kind: 'moment', clusterId, zxid: moment.zxid } as const
  try {
    const { reader, release } = await borrowMoment(context, toMomentId(ref))
    await release()
    return { kind: 'ready', moment, proof: reader.proof }
  } catch (error) {
    if (!isArkeeperError(error) || error.code !== 'NOT_PREPARED') {
      return { kind: 'failed', moment, error: toErrorView(context, error) }
    }
    const subjectId = formatTreeRef(ref)
    const job = await context.db.job.findFirst({
      where: { kind: 'prepare-moment', subjectId, state: { in: ['queued', 'running'] } },
      select: { id: true },
    })
    return { kind: 'large', moment, bytes: Number(error.details.bytes ?? 0), jobId: job?.id ?? null }
  }
}

function toErrorView(context: ServiceContext, error: unknown): ErrorView {
  throwIfAborted(context.signal)
  if (!isArkeeperError(error)) throw error
  return describeFailure(error, context.newId())
}
