import { z } from 'zod'
import type { LiveEvent } from '../../adapters/zookeeper/connection.ts'
import { CancelledError } from '../../base/errors.ts'
import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import type { TreeEventView } from './views.ts'

/** As much as a screen shows; ZooKeeper clients fall over with megabytes of watches. */
const watchTreeSchema = z.object({
  clusterId: z.string(),
  dirs: z.array(z.string()).max(300),
  znodes: z.array(z.string()).max(50),
})

export interface WatchTreeInput extends z.infer<typeof watchTreeSchema> {
  readonly signal: AbortSignal
}

/**
 * Events of one open page, until `signal` fires or the session is gone (its last event says so; open a new stream then).
 * The first event is the connection's state. A slow reader gets each event once however often it came, so little is held for it.
 */
export async function* watchTree(context: ServiceContext, input: WatchTreeInput): AsyncIterable<TreeEventView> {
  const { signal } = input
  const { clusterId, dirs, znodes } = parseInput(watchTreeSchema, input)
  const what = { dirs: dirs.map(parsePath), znodes: znodes.map(parsePath) }
  if (signal.aborted) return
  const connection = await borrowUnlessAborted(context, clusterId, signal)
  if (!connection) return

  const waiting = new Map<string, TreeEventView>([['connection', { kind: 'connection', state: 'connected' }]])
  let wake: () => void = () => undefined
  const push = (event: LiveEvent) => {
    const key = event.kind === 'connection' ? event.kind : `${event.kind} ${event.path}`
    // Set again, an event moves behind those that came before it.
    waiting.delete(key)
    waiting.set(key, event)
    wake()
  }
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort, { once: true })
  const stopListening = connection.onEvent((event) => {
    if (event.kind === 'connection') push(event)
  })
  let unwatch: () => void = () => undefined
  try {
    unwatch = await connection.watch(what, (event) => {
      if (event.kind !== 'connection') push(event)
    })
    for (;;) {
      if (signal.aborted) return
      const [first] = waiting
      if (!first) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const [key, event] = first
      waiting.delete(key)
      yield event
      if (event.kind === 'connection' && (event.state === 'expired' || event.state === 'closed')) return
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    stopListening()
    unwatch()
  }
}

async function borrowUnlessAborted(context: ServiceContext, clusterId: string, signal: AbortSignal) {
  try {
    return await context.sessions.borrow(clusterId, { signal })
  } catch (error) {
    if (error instanceof CancelledError && signal.aborted) return null
    throw error
  }
}
