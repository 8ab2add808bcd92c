/** A configured member of an ensemble. */
export interface EnsembleMember {
  /** myid. */
  readonly id: number
  /** Of its quorum address. */
  readonly host: string
  readonly isVoter: boolean
  /** host:port of its client port; null: the configuration does not say. */
  readonly client: string | null
}

/** `server.N=host:quorum:election[:role][;[host:]port]`, several addresses of one server apart by `|` (3.6+); IPv6 in brackets. */
const LINE = /^server\.(\d+)\s*=\s*(\[[^\]]+\]|[^:[\]|;]+):\d+:\d+(?:\|[^;]*?)?(?::(participant|observer))?(?:;(.*))?$/
const WILDCARDS = ['0.0.0.0', '[::]', '[0:0:0:0:0:0:0:0]', '::', '*', '']

/** Lines of /zookeeper/config, of `conf`, or of zoo.cfg; none for a standalone server. */
export function parseMembers(text: string): EnsembleMember[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = LINE.exec(line.trim())
    if (!match) return []
    const host = bare(match[2] ?? '')
    return [
      { id: Number(match[1]), host, isVoter: match[3] !== 'observer', client: toClientAddress(match[4] ?? '', host) },
    ]
  })
}

/** The client address of a member as its configuration has it; a wildcard is the host that it is known by. Null: there is none. */
export function toClientAddress(text: string, host: string): string | null {
  const match = /^(?:(.*):)?(\d{1,5})$/.exec(text.trim())
  if (!match || Number(match[2]) === 0) return null
  const own = match[1] ?? ''
  return joinAddress(WILDCARDS.includes(own) ? host : bare(own), Number(match[2]))
}

export function joinAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function hostOf(address: string): string {
  return bare(/^(.*):\d+$/.exec(address)?.[1] ?? address)
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}
