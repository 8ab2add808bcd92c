import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ObserverError } from '../adapters/zookeeper/errors.ts'
import type { ObserverPort, ObserverSession, ObserverStart } from '../adapters/zookeeper/observer.ts'
import type { TxnEntry } from '../domain/txnlog/entry.ts'

/** One session as a test wants it. What is given in `before` comes in front of UPTODATE, `after` behind it, each in portions. */
export interface SessionScript {
  /** Of the leader; default: that of the newest transaction. */
  readonly epoch?: bigint
  readonly start: { readonly kind: 'diff' | 'truncate' | 'snapshot'; readonly zxid: bigint; readonly file?: string }
  readonly before?: readonly (readonly TxnEntry[])[]
  readonly after?: readonly (readonly TxnEntry[])[]
  /** What comes behind those, as it is read. */
  readonly live?: () => AsyncIterable<readonly TxnEntry[]>
  /** It ends in front of UPTODATE. */
  readonly isCut?: true
  /** How it ends. Default: LOST. `stays`: it says nothing more. */
  readonly end?: 'stays' | ObserverError
}

export interface ScriptedObserver extends ObserverPort {
  /** `from` of each session that was asked for. */
  readonly asked: readonly bigint[]
}

const lost = () => new ObserverError('LOST', 'the connection ended')

/** Sessions one after the other; when there are no more nobody listens. A session without `start` is refused with its error. */
export function scriptObserver(sessions: readonly (SessionScript | ObserverError)[]): ScriptedObserver {
  const asked: bigint[] = []
  let next = 0
  return {
    asked,
    open: async (_target, { from, scratchDir, signal, acceptSnapshot = true }) => {
      asked.push(from)
      const script = sessions[next++]
      if (script === undefined) throw new ObserverError('NO_LEADER', 'nobody listens')
      if (script instanceof ObserverError) throw script
      const { kind, zxid, file } = script.start
      if (kind === 'snapshot' && !acceptSnapshot) {
        // The same leader, asked for its tree, gives it.
        next--
        throw new ObserverError('NEEDS_SNAPSHOT', 'it would begin with its whole tree')
      }
      let start: ObserverStart = { kind: 'diff', zxid }
      if (kind === 'truncate') start = { kind, zxid }
      if (kind === 'snapshot' && file !== undefined) {
        const copy = join(scratchDir, `received-${next}`)
        await copyFile(file, copy)
        start = { kind, zxid, file: copy, bytes: 0 }
      }
      return play(script, start, signal)
    },
  }
}

function play(script: SessionScript, start: ObserverStart, signal: AbortSignal | undefined): ObserverSession {
  const { before = [], after = [], end = lost() } = script
  const all = [...before, ...after].flat()
  let close: () => void = () => undefined
  let isClosed = false
  const closed = new Promise<void>((resolve) => {
    close = () => {
      isClosed = true
      resolve()
    }
  })
  signal?.addEventListener('abort', () => close(), { once: true })
  const newest = all.at(-1)?.zxid ?? start.zxid
  return {
    peer: { host: '127.0.0.1', port: 1 },
    epoch: script.epoch ?? newest >> 32n,
    start,
    heard: { at: 0, zxid: newest },
    transactions: async function* () {
      for (const entries of before) {
        if (isClosed) return
        yield { entries, synced: false, receivedAt: 0 }
      }
      if (isClosed) return
      if (script.isCut) throw end
      yield { entries: [], synced: true, receivedAt: 0 }
      for (const entries of after) {
        if (isClosed) return
        yield { entries, synced: true, receivedAt: 0 }
      }
      for await (const entries of script.live?.() ?? []) {
        if (isClosed) return
        yield { entries, synced: true, receivedAt: 0 }
      }
      if (end !== 'stays') throw end
      await closed
    },
    close: async () => close(),
  }
}
