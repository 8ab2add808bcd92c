/** What is asked by machines that know no name of ours and no base path: probes of an orchestrator, and scrapers of metrics. */
export const PROBES: readonly string[] = ['/healthz', '/readyz', '/metrics']
