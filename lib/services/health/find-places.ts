import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { Member } from '../../adapters/members/members.ts'
import { formatServer, parseConnectString } from '../../adapters/zookeeper/connect-string.ts'
import { hostOf, joinAddress } from '../../domain/health/members.ts'
import type { ServerPlace } from '../clusters/admin-places.ts'
import type { KnownSettings } from './settings-store.ts'

/** One server and the ways to ask it. */
export interface HealthPlace {
  /** host:port of its client port; of one that only its AdminServer names, the base address of that. */
  readonly server: string
  readonly client: string | null
  readonly target: AdminTarget | null
  /** Whose directories this host sees. */
  readonly member?: Member
}

/**
 * The servers of a cluster, each once: those of the connect string, each joined with its AdminServer, then AdminServers of others, then members
 * that only the ensemble's own configuration names. That one may know servers by other names than we do, so that its members count as new only
 * when it has more of them than were found otherwise.
 */
export function findPlaces(
  connectString: string,
  adminPlaces: readonly ServerPlace[],
  known: KnownSettings,
): HealthPlace[] {
  const clients = parseConnectString(connectString).servers.map(formatServer)
  const joined = new Map<string, AdminTarget>()
  const others: HealthPlace[] = []
  const targets = adminPlaces.flatMap(({ member, target }) =>
    target === null ? [] : [{ target, client: member?.client }],
  )
  for (const { target, client } of targets) {
    const candidates = [
      client ?? null,
      ...learnedAddresses(target.url, known),
      onlyOnHost(target.url, clients, targets),
    ]
    const match = candidates.find((each) => each !== null && clients.includes(each) && !joined.has(each))
    if (match) joined.set(match, target)
    else {
      const address = candidates.find((each) => each !== null && !clients.includes(each)) ?? null
      others.push({ server: address ?? target.url, client: null, target })
    }
  }
  const places = [
    ...clients.map((client): HealthPlace => ({ server: client, client, target: joined.get(client) ?? null })),
    ...others,
  ]
  const withMember = (place: HealthPlace): HealthPlace => {
    const own = adminPlaces.find(
      ({ member, target }) =>
        member !== null && (member.client === place.server || (target !== null && target.url === place.target?.url)),
    )
    return own?.member ? { ...place, member: own.member } : place
  }
  const members = known.members ?? []
  if (members.length <= places.length) return places.map(withMember)
  const unknown = members.flatMap(({ client }) =>
    client === null || places.some(({ server }) => server === client) ? [] : [{ server: client, client, target: null }],
  )
  return [...places, ...unknown.slice(0, members.length - places.length)].map(withMember)
}

/** Client addresses that the AdminServer's own answers speak for. */
function learnedAddresses(url: string, { servers }: KnownSettings): (string | null)[] {
  const told = servers.find((each) => each.url === url)
  if (!told) return []
  const host = URL.canParse(url) ? hostOf(new URL(url).hostname) : null
  return [told.clientAddress, host !== null && told.clientPort !== null ? joinAddress(host, told.clientPort) : null]
}

/** The one server on that host, where it has only one AdminServer. */
function onlyOnHost(
  url: string,
  clients: readonly string[],
  targets: readonly { readonly target: AdminTarget }[],
): string | null {
  const host = (address: string) => (URL.canParse(address) ? hostOf(new URL(address).hostname) : null)
  const own = host(url)
  const there = clients.filter((client) => hostOf(client).toLowerCase() === own)
  return there.length === 1 && targets.filter(({ target }) => host(target.url) === own).length === 1
    ? (there[0] ?? null)
    : null
}
