import { collectDefaultMetrics, Registry } from 'prom-client'

declare global {
  /** Several bundles hold a copy of this file; the observers that it starts must be there once a process. */
  var arkeeperProcessMetrics: Registry | undefined
}

/** Memory, processor time, open files and the event loop of the process that answers. */
export function processMetrics(): Promise<string> {
  if (!globalThis.arkeeperProcessMetrics) {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    globalThis.arkeeperProcessMetrics = registry
  }
  return globalThis.arkeeperProcessMetrics.metrics()
}
