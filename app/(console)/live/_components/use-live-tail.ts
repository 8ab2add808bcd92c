'use client'

import { useEffect, useRef, useState } from 'react'
import { readEvents } from '@/app/_components/read-events.ts'
import { isErrorView, RequestError, readErrorView, viewOfError } from '@/app/_components/request-json.ts'
import { paths } from '@/app/_nav/paths.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import type { LiveEventView } from '@/lib/services/live/views.ts'

export type TailState =
  | { readonly kind: 'connecting' | 'live' }
  | { readonly kind: 'lost'; readonly error: ErrorView | null }

const RETRY_MS = [1000, 2000, 5000, 10_000]

interface Options {
  readonly clusterId: string
  readonly under: string
  readonly types: readonly string[]
  /** The newest zxid that is known, asked for when a stream is opened. */
  readonly after: () => string | null
  readonly onEvent: (event: LiveEventView) => void
}

/** One stream of transactions for the page, opened anew where it was lost. */
export function useLiveTail({ clusterId, under, types, after, onEvent }: Options): TailState {
  const [state, setState] = useState<TailState>({ kind: 'connecting' })
  const handlers = useRef({ after, onEvent })
  handlers.current = { after, onEvent }
  const what = JSON.stringify({ under, types })

  useEffect(() => {
    const stop = new AbortController()
    const { signal } = stop
    run()
    return () => stop.abort()

    async function run() {
      for (let attempt = 0; !signal.aborted; attempt++) {
        let error: ErrorView | null = null
        try {
          const asked = { ...JSON.parse(what), after: handlers.current.after() }
          for await (const event of openTail(clusterId, asked, signal)) {
            attempt = 0
            if (event === 'open') setState({ kind: 'live' })
            else handlers.current.onEvent(event)
          }
        } catch (cause) {
          if (signal.aborted) return
          error = viewOfError(cause)
        }
        if (signal.aborted) return
        setState({ kind: 'lost', error })
        await sleep(RETRY_MS[attempt] ?? 10_000, signal)
      }
    }
  }, [clusterId, what])
  return state
}

async function* openTail(clusterId: string, asked: object, signal: AbortSignal): AsyncIterable<'open' | LiveEventView> {
  const response = await fetch(paths.api.liveTransactions(clusterId), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(asked),
    signal,
  })
  if (!response.ok || !response.body) throw new RequestError(await readErrorView(response), response.status)
  for await (const { event, data } of readEvents(response.body)) {
    const value: unknown = JSON.parse(data)
    if (event === 'failure' && isErrorView(value)) throw new RequestError(value, 502)
    if (event === 'open') yield 'open'
    if (event === 'message' && isLiveEvent(value)) yield value
  }
}

function isLiveEvent(value: unknown): value is LiveEventView {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const onAbort = () => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
