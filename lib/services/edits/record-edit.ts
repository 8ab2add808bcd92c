import type { LiveExpectation } from '../../domain/restore/plan.ts'
import type { WriteOutcome } from '../../domain/restore/ports.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import type { ServiceContext } from '../context.ts'
import { type EditFacts, EditRecord, type EditStep } from './edit-record.ts'

export interface RecordedEdit {
  /** Sends the one request of the edit and notes what came of it. */
  send<T>(request: () => Promise<WriteOutcome<T>>): Promise<WriteOutcome<T>>
  /** It is there: gives the id to undo it by. */
  done(): Promise<string | null>
}

/** An edit of one znode: `before` is kept on disk before anything is sent. */
export async function recordEdit(
  context: ServiceContext,
  facts: EditFacts,
  before: Znode | null,
  step: EditStep,
): Promise<RecordedEdit> {
  const edit = await EditRecord.open(context, facts)
  try {
    await edit.addBefore(facts.path, before)
    await edit.begin([step])
  } catch (error) {
    await edit.end('nothing')
    throw error
  }
  let isKnown = false
  return {
    send: async (request) => {
      await edit.sending(0, 1)
      try {
        const outcome = await request()
        if (outcome.kind === 'done') {
          isKnown = true
          await edit.applied(outcome.zxid)
        } else if (outcome.kind === 'refused') {
          await edit.refused()
          await edit.end('nothing')
        } else await edit.end('unknown')
        return outcome
      } catch (error) {
        await edit.end('unknown')
        throw error
      }
    },
    done: async () => {
      // Found there after a lost answer.
      if (!isKnown) await edit.applied(null)
      return edit.end('done')
    },
  }
}

/** An edit that is done already, of which nothing could be noted before. */
export async function recordDone(
  context: ServiceContext,
  edit: { readonly facts: EditFacts; readonly step: EditStep },
  zxid: bigint,
): Promise<string | null> {
  const recorded = await recordEdit(context, edit.facts, null, edit.step)
  await recorded.send(async () => ({ kind: 'done', zxid }))
  return recorded.done()
}

export function toExpectation({ stat }: Znode): Extract<LiveExpectation, { kind: 'present' }> {
  return { kind: 'present', czxid: stat.czxid, version: stat.version, aversion: stat.aversion }
}
