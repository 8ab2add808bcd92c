import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { PlanSummary, PlanWarning } from '../../domain/restore/plan.ts'
import type { ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { type WriteUndoPlanInput, writeUndoPlan } from './plan-undo-from.ts'
import { type NetTouch, type NotUndone, netOf, toUndoneRun } from './txn-steps.ts'

export type LiveReadings = ReadonlyMap<string, ZnodeReading>

export interface PlanTxnUndoInput extends Omit<WriteUndoPlanInput, 'undoOf'> {
  readonly zxid: bigint
  /** By the paths that people know: below the chroot. */
  readonly touches: readonly ZnodeTouch[]
  /** See PlanSummary. */
  readonly salt: string
  /** How each place was just before the transaction. */
  readonly readBefore: (touched: readonly NetTouch[], live: LiveReadings) => Promise<LiveReadings>
}

const READ_AT_ONCE = 500
const SEQUENCE = /\d{10}$/
const LEFT_WORDS: Record<NotUndone, string> = {
  ephemeral: 'it belongs, or belonged, to a session: such a znode is made by its client only, and is left as it is',
  system: 'it belongs to the servers, and is left as it is',
  'nothing-left': 'the transaction created and deleted it: there is nothing to take back',
}

/**
 * Takes one transaction back, of whomever: each place that it touched goes to what it was just before, and only those places are read.
 * What was written there since is a later write, as in any undo. A plan like any other: nothing is written to the cluster.
 */
export async function planTxnUndo(context: EngineContext, input: PlanTxnUndoInput): Promise<PlanSummary> {
  const { connection, zxid } = input
  const net = netOf(input.touches)
  const live = new Map<string, ZnodeReading>()
  for (let at = 0; at < net.touched.length; at += READ_AT_ONCE) {
    const paths = net.touched.slice(at, at + READ_AT_ONCE).map(({ path }) => path)
    const readings = await connection.readMany(paths, { signal: context.signal })
    for (const [i, path] of paths.entries()) live.set(path, readings[i] ?? UNTOLD)
  }
  const before = await input.readBefore(net.touched, live)
  const isOwned = ({ path }: NetTouch) => isEphemeral(before.get(path)) || isEphemeral(live.get(path))
  const owned = net.touched.filter(isOwned).map(({ path }) => ({ path, why: 'ephemeral' as const }))
  const touched = net.touched.filter((touch) => !isOwned(touch))
  const { steps, journal } = toUndoneRun(zxid, touched, live)
  const at = formatHex64(zxid)
  return writeUndoPlan(
    context,
    { ...input, undoOf: null },
    {
      steps: (async function* () {
        yield steps
      })(),
      summary: { target: input.clusterName, sourcePath: '/', targetPath: '/', salt: input.salt },
      journal,
      safety: { get: async (path) => before.get(path) ?? UNTOLD },
      words: { doer: `transaction ${at}`, before: 'the log' },
      ...noteLeft([...net.left, ...owned], touched),
    },
  )
}

const UNTOLD: ZnodeReading = { kind: 'unreadable', reason: 'error', message: 'nothing tells how it was' }

function isEphemeral(reading: ZnodeReading | undefined): boolean {
  return reading?.kind === 'found' && reading.znode.kind === 'ephemeral'
}

function noteLeft(left: readonly { path: string; why: NotUndone }[], touched: readonly NetTouch[]) {
  const skipped: Record<string, number> = {}
  for (const { why } of left) skipped[why] = (skipped[why] ?? 0) + 1
  const warnings: PlanWarning[] = [...Map.groupBy(left, ({ why }) => why)].map(([why, places]) => ({
    code: why === 'ephemeral' ? 'session-owned' : why,
    path: places[0]?.path ?? '/',
    message: places.length === 1 ? LEFT_WORDS[why] : `${countOf(places.length, 'place')} like this: ${LEFT_WORDS[why]}`,
    severity: why === 'nothing-left' ? 'note' : 'warning',
  }))
  const sequence = touched.find(({ path, net }) => net !== 'changed' && SEQUENCE.test(path))
  if (sequence) {
    warnings.push({
      code: 'counter-kept',
      path: sequence.path,
      message: 'its name ends as that of a sequence znode: the counter of its parent stays where it is',
      severity: 'note',
    })
  }
  return { warnings, skipped }
}
