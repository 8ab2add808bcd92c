import 'server-only'
import { readReadiness } from '@/lib/runtime/readiness.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'

export async function respondReady(): Promise<Response> {
  const readiness = await readReadiness(getRuntime, { worker: true })
  const status = readiness.status === 'ready' ? 200 : 503
  return Response.json(readiness, { status, headers: { 'cache-control': 'no-store' } })
}
