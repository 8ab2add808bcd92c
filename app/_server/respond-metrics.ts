import 'server-only'
import { PROXIED_HEADER } from '@/lib/runtime/front/proxies.ts'
import { addressOf } from '@/lib/runtime/request-address.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import { isOnlyThisHost } from '@/lib/runtime/trusted-origins.ts'
import { collectMetrics } from '@/lib/services/metrics/collect-metrics.ts'
import { findMetricsActor } from '@/lib/services/metrics/find-metrics-actor.ts'
import { statusOf, toErrorView } from './error-response.ts'

const PRIVATE = { 'cache-control': 'private, no-store' }

/** By token, or by being on this host; never by a cookie: what that opens, a page of anybody else can have asked for. */
export async function respondMetrics(request: Request): Promise<Response> {
  try {
    const { db, clock, env, contextFor } = await getRuntime()
    const authorization = request.headers.get('authorization')
    const { metricsToken } = env
    // What somebody has handed on may have come from anywhere.
    const onlyThisHost = isOnlyThisHost(env) && !request.headers.has(PROXIED_HEADER)
    const caller = { ip: addressOf(request.headers), onlyThisHost }
    const actor = await findMetricsActor({ db, clock }, { authorization, metricsToken, ...caller })
    const text = await collectMetrics(contextFor(actor, { signal: request.signal }))
    return new Response(text, { headers: { ...PRIVATE, 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
  } catch (error) {
    const status = statusOf(error)
    const { code, message, remedy = null, id } = await toErrorView(error)
    const headers = { ...PRIVATE, ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}) }
    return Response.json({ code, message, remedy, id }, { status, headers })
  }
}
