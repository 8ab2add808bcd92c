export interface ConfiguredServer {
  readonly id: string
  readonly host: string
  readonly isVoter: boolean
}

/** The `server.N=host:quorum:election:role;client` lines of /zookeeper/config; none for a standalone server. */
export function parseConfiguredServers(text: string): ConfiguredServer[] {
  return text.split('\n').flatMap((line) => {
    const match = /^server\.(\d+)=(\[[^\]]+\]|[^:]+):\d+:\d+(?::(\w+))?/.exec(line.trim())
    if (!match) return []
    return [{ id: match[1] ?? '', host: (match[2] ?? '').replace(/^\[|\]$/g, ''), isVoter: match[3] !== 'observer' }]
  })
}
