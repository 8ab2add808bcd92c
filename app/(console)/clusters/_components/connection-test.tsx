'use client'

import { CircleCheck, CircleX, PlugZap } from 'lucide-react'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { readEvents } from '@/app/_components/read-events.ts'
import { isErrorView, RequestError, readErrorView, viewOfError } from '@/app/_components/request-json.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { formatDuration } from '@/app/_ui/format-time.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'

const NAMES = {
  resolve: 'Resolve the names',
  connect: 'Connect',
  tls: 'Agree on TLS',
  handshake: 'Open a session',
  authenticate: 'Authenticate',
  'read-root': 'Read /',
  identity: 'Who we are',
} as const

interface ConnectionStep {
  readonly name: keyof typeof NAMES
  readonly ok: boolean
  readonly message: string
  readonly durationMs: number
}

const TIMEOUT_MS = 60_000

/** Tests the settings as they stand in the form, step by step as the steps end. Changes nothing. */
export function ConnectionTest({ request }: { request: () => object | null }) {
  const [steps, setSteps] = useState<readonly ConnectionStep[]>([])
  const [state, setState] = useState<'idle' | 'running' | 'done'>('idle')
  const [error, setError] = useState<ErrorView | null>(null)
  const run = async () => {
    const body = request()
    if (!body) return
    setSteps([])
    setError(null)
    setState('running')
    try {
      for await (const step of requestSteps(body)) setSteps((known) => [...known, step])
    } catch (failure) {
      setError(viewOfError(failure))
    }
    setState('done')
  }
  const failed = steps.some((step) => !step.ok)
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <Button icon={<PlugZap aria-hidden className="size-4" />} pending={state === 'running'} onClick={run}>
          Test connection
        </Button>
        <span role="status" className="text-muted text-sm">
          {state === 'running' && 'Testing'}
          {state === 'done' && error === null && (failed ? 'The test failed.' : 'The cluster can be used.')}
        </span>
      </div>
      {error && <ErrorNotice error={error} />}
      {steps.length > 0 && (
        <ol aria-label="Steps of the connection test" className="divide-y rounded-md border">
          {steps.map((step) => (
            <li key={step.name} className="flex items-start gap-2 px-3 py-1.5 text-sm">
              {step.ok ? (
                <CircleCheck aria-label="passed" className="mt-0.5 size-4 shrink-0 text-added" />
              ) : (
                <CircleX aria-label="failed" className="mt-0.5 size-4 shrink-0 text-removed" />
              )}
              <span className="w-40 shrink-0 font-medium max-sm:w-24">{NAMES[step.name]}</span>
              <span className="min-w-0 flex-1 break-words text-muted">{step.message}</span>
              <span className="shrink-0 text-muted text-xs">{formatDuration(step.durationMs)}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}

async function* requestSteps(body: object): AsyncIterable<ConnectionStep> {
  const response = await fetch(paths.api.clusterTest(), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok || !response.body) throw new RequestError(await readErrorView(response), response.status)
  for await (const { event, data } of readEvents(response.body)) {
    const value: unknown = JSON.parse(data)
    if (event === 'failure' && isErrorView(value)) throw new RequestError(value, 502)
    if (event === 'message' && isStep(value)) yield value
  }
}

function isStep(value: unknown): value is ConnectionStep {
  return typeof value === 'object' && value !== null && 'name' in value && 'ok' in value && 'message' in value
}
