import { collectDefaultMetrics, Registry } from 'prom-client'

declare global {
  /** Several bundles hold a copy of this file; the observers that it starts must be there once a process. */
  var arkeeperProcessMetrics: Registry | undefined
}

/** Gauges that are called like counters, which promtool complains of; each is the sum of another one. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`)

/** Memory, processor time, open files and the event loop of the process that answers. */
export function processMetrics(): Promise<string> {
  if (!globalThis.arkeeperProcessMetrics) {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
    globalThis.arkeeperProcessMetrics = registry
  }
  return globalThis.arkeeperProcessMetrics.metrics()
}
