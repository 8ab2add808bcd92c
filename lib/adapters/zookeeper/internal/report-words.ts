import { parseHex64 } from '../../../base/hex64.ts'
import type { AddressesBySession, EphemeralsBySession, WatchesByPath } from '../server-reports.ts'

/** `2 connections watching 3 paths` of `wchs`; null when it is something else. */
export function parseWatchedPaths(text: string): number | null {
  const match = /^\d+ connections watching (\d+) paths$/m.exec(text)
  return match ? Number(match[1]) : null
}

/** `wchp`: a path a line, the sessions that watch it below, each behind a tab. */
export function parseWatches(text: string): WatchesByPath {
  const watches = new Map<string, bigint[]>()
  let sessions: bigint[] | null = null
  for (const line of text.split('\n')) {
    if (line.startsWith('/')) {
      sessions = watches.get(line) ?? []
      watches.set(line, sessions)
    } else if (line.startsWith('\t')) {
      const id = parseHex64(line)
      if (id !== null) sessions?.push(id)
    }
  }
  return watches
}

/** The second part of `dump`: a session a line, the paths of its ephemerals below, each behind a tab. */
export function parseEphemerals(text: string): EphemeralsBySession {
  const owners = new Map<bigint, string[]>()
  const [, body = ''] = text.split(/^ephemeral nodes dump:$/m)
  let paths: string[] | null = null
  for (const line of body.split('\n')) {
    const owner = /^(0x[0-9a-f]+):$/.exec(line)
    const id = owner ? parseHex64(owner[1]!) : null
    if (id !== null) {
      paths = owners.get(id) ?? []
      owners.set(id, paths)
    } else if (line.startsWith('\t/')) paths?.push(line.slice(1))
    // What follows are connections.
    else if (line.startsWith('Connections dump')) break
  }
  return owners
}

/** `cons`: ` /127.0.0.1:4711[1](queued=0,…,sid=0x1,…)` a line; connections without session have no `sid`. */
export function parseAddresses(text: string): AddressesBySession {
  const addresses = new Map<bigint, string>()
  for (const line of text.split('\n')) {
    const match = /^ ?\/?(\S+?)\[\d+\]\(.*\bsid=(0x[0-9a-f]+)\b/.exec(line)
    const id = match ? parseHex64(match[2]!) : null
    if (match && id !== null) addresses.set(id, match[1]!)
  }
  return addresses
}
