'use client'

import { useEffect, useRef, useState } from 'react'
import { readEvents } from '@/app/_components/read-events.ts'
import { isErrorView, RequestError, readErrorView, viewOfError } from '@/app/_components/request-json.ts'
import { paths } from '@/app/_nav/paths.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import type { TreeEventView } from '@/lib/services/tree/views.ts'

export type LiveState =
  | { readonly kind: 'connecting' | 'live' | 'paused' }
  | { readonly kind: 'lost'; readonly error: ErrorView | null }

const DEBOUNCE_MS = 250
const RETRY_MS = [500, 1000, 2000, 5000, 10_000]

interface Options {
  readonly clusterId: string
  readonly dirs: readonly string[]
  readonly znodes: readonly string[]
  readonly paused: boolean
  /** `added`: what this stream watches and the one before did not; read it again, for it may have changed in between. */
  readonly onOpen: (added: { dirs: readonly string[]; znodes: readonly string[] }) => void
  readonly onEvent: (event: TreeEventView) => void
}

/**
 * One stream of changes for the page. When the set to watch changes, the next stream is opened before the last one is closed,
 * so that nothing falls between the two.
 */
export function useTreeEvents({ clusterId, dirs, znodes, paused, onOpen, onEvent }: Options): LiveState {
  const [state, setState] = useState<LiveState>({ kind: 'connecting' })
  const handlers = useRef({ onOpen, onEvent })
  handlers.current = { onOpen, onEvent }
  const watched = useRef<{ stop: AbortController; keys: ReadonlySet<string> } | null>(null)
  const what = JSON.stringify({ dirs, znodes })

  useEffect(() => {
    if (paused) {
      watched.current?.stop.abort()
      watched.current = null
      setState({ kind: 'paused' })
      return
    }
    const superseded = new AbortController()
    run(superseded.signal)
    return () => superseded.abort()

    async function run(signal: AbortSignal) {
      const set: { dirs: string[]; znodes: string[] } = JSON.parse(what)
      for (let attempt = 0; ; attempt++) {
        await sleep(attempt === 0 ? DEBOUNCE_MS : (RETRY_MS[attempt - 1] ?? 10_000), signal)
        if (signal.aborted) return
        const stop = new AbortController()
        let opened = false
        let failure: ErrorView | null = null
        // Until it is open a stream dies with its set; afterwards it lives until the next one is open.
        const dieUnopened = () => !opened && stop.abort()
        signal.addEventListener('abort', dieUnopened)
        try {
          for await (const event of openStream(clusterId, set, stop.signal)) {
            if (event.kind === 'connection' && event.state === 'connected') {
              if (!opened) {
                opened = true
                attempt = 0
                takeOver(stop, set)
              } else handlers.current.onOpen(set)
              setState({ kind: 'live' })
            } else if (event.kind === 'connection') {
              setState({ kind: 'lost', error: null })
              if (event.state !== 'disconnected') break
            } else handlers.current.onEvent(event)
          }
        } catch (error) {
          if (!stop.signal.aborted) failure = viewOfError(error)
        }
        signal.removeEventListener('abort', dieUnopened)
        const replaced = stop.signal.aborted
        if (watched.current?.stop === stop) watched.current = null
        stop.abort()
        if (signal.aborted || replaced) return
        setState({ kind: 'lost', error: failure })
      }
    }

    function takeOver(stop: AbortController, set: { dirs: string[]; znodes: string[] }) {
      const before = watched.current
      const isNew = (key: string) => !before?.keys.has(key)
      watched.current = {
        stop,
        keys: new Set([...set.dirs.map((dir) => `d ${dir}`), ...set.znodes.map((znode) => `z ${znode}`)]),
      }
      before?.stop.abort()
      handlers.current.onOpen({
        dirs: set.dirs.filter((dir) => isNew(`d ${dir}`)),
        znodes: set.znodes.filter((znode) => isNew(`z ${znode}`)),
      })
    }
  }, [clusterId, what, paused])

  useEffect(
    () => () => {
      watched.current?.stop.abort()
      watched.current = null
    },
    [],
  )
  return state
}

async function* openStream(
  clusterId: string,
  set: { dirs: readonly string[]; znodes: readonly string[] },
  signal: AbortSignal,
): AsyncIterable<TreeEventView> {
  const response = await fetch(paths.api.clusterEvents(clusterId), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(set),
    signal,
  })
  if (!response.ok || !response.body) throw new RequestError(await readErrorView(response), response.status)
  for await (const { event, data } of readEvents(response.body)) {
    const value: unknown = JSON.parse(data)
    if (event === 'failure' && isErrorView(value)) throw new RequestError(value, 502)
    if (event === 'message' && isTreeEvent(value)) yield value
  }
}

function isTreeEvent(value: unknown): value is TreeEventView {
  return typeof value === 'object' && value !== null && 'kind' in value && ('path' in value || 'state' in value)
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
