import { findPathFault } from '../../domain/znode/path.ts'
import { ObserverError, ZooKeeperError } from './errors.ts'

export interface ServerAddress {
  readonly host: string
  /** 1 … 65535. */
  readonly port: number
}

export interface ConnectString {
  /** At least one, in the order given, each once. */
  readonly servers: readonly ServerAddress[]
  /** Path in front of every path, without trailing slash; empty when there is none. */
  readonly chroot: string
}

export const DEFAULT_PORT = 2181

const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/
const IPV6 = /^[0-9a-fA-F:.]+(%[A-Za-z0-9_.-]+)?$/

/** `host:port[,host:port…][/chroot]`, IPv6 hosts in brackets, port 2181 unless given. Throws BAD_CONNECT_STRING with the reason. */
export function parseConnectString(text: string): ConnectString {
  const trimmed = text.trim()
  if (trimmed === '') throw badConnectString(text, 'it is empty')
  const slash = trimmed.indexOf('/')
  const hosts = slash === -1 ? trimmed : trimmed.slice(0, slash)
  const chroot = slash === -1 || slash === trimmed.length - 1 ? '' : trimmed.slice(slash)
  if (hosts.endsWith(':') && chroot.startsWith('//')) {
    throw badConnectString(text, 'it looks like a URL; leave out the part before the first host')
  }
  if (chroot !== '') {
    const fault = findPathFault(chroot)
    if (fault !== null) throw badConnectString(text, `the chroot "${chroot}" is not a znode path: ${fault}`)
  }
  const servers: ServerAddress[] = []
  for (const part of hosts.split(',')) {
    const server = parseServer(text, part.trim())
    if (!servers.some((known) => known.host === server.host && known.port === server.port)) servers.push(server)
  }
  return { servers, chroot }
}

export function formatServer(server: ServerAddress): string {
  return server.host.includes(':') ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`
}

/** `host:port[,host:port…]` of quorum ports: there is no usual one, so each names its own. Throws BAD_QUORUM_ADDRESS. */
export function parseQuorumServers(text: string): readonly ServerAddress[] {
  if (text.includes('/')) throw badQuorum(text, 'a quorum port knows no chroot and has no slash')
  const { servers } = parseAsQuorum(text)
  const bare = text.split(',').find((part) => !/:\d+\s*$/.test(part))
  if (bare !== undefined) throw badQuorum(text, `"${bare.trim()}" names no port`)
  return servers
}

function parseAsQuorum(text: string): ConnectString {
  try {
    return parseConnectString(text)
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error
    throw badQuorum(text, String(error.details.reason))
  }
}

function badQuorum(text: string, reason: string): ObserverError {
  return new ObserverError('BAD_QUORUM_ADDRESS', `"${text}" is no list of quorum ports: ${reason}`, {
    remedy:
      'write host:port[,host:port…] with the first port of each server.N line of zoo.cfg, for example zk1:2888,zk2:2888',
    unaffected: 'no server was asked',
  })
}

function parseServer(text: string, part: string): ServerAddress {
  if (part === '') throw badConnectString(text, 'it has an empty host')
  if (part.startsWith('[')) {
    const close = part.indexOf(']')
    if (close === -1) throw badConnectString(text, `"${part}" has no closing bracket`)
    const host = part.slice(1, close)
    if (!host.includes(':') || !IPV6.test(host)) throw badConnectString(text, `"${host}" is not an IPv6 address`)
    const rest = part.slice(close + 1)
    if (rest === '') return { host, port: DEFAULT_PORT }
    if (!rest.startsWith(':')) throw badConnectString(text, `"${rest}" follows the closing bracket of "${host}"`)
    return { host, port: parsePort(text, rest.slice(1)) }
  }
  const colon = part.indexOf(':')
  if (colon !== part.lastIndexOf(':')) {
    throw badConnectString(text, `"${part}" has several colons; an IPv6 address goes in brackets, as in [::1]:2181`)
  }
  const host = colon === -1 ? part : part.slice(0, colon)
  if (!HOST_NAME.test(host)) throw badConnectString(text, `"${host}" is not a host name or address`)
  return { host, port: colon === -1 ? DEFAULT_PORT : parsePort(text, part.slice(colon + 1)) }
}

function parsePort(text: string, digits: string): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0
  if (port < 1 || port > 65_535) throw badConnectString(text, `"${digits}" is not a port from 1 to 65535`)
  return port
}

function badConnectString(text: string, reason: string): ZooKeeperError {
  return new ZooKeeperError('BAD_CONNECT_STRING', `"${text}" is not a connect string: ${reason}`, {
    remedy: 'write host:port[,host:port…][/chroot], for example zk1:2181,zk2:2181/app',
    details: { connectString: text, reason },
  })
}
