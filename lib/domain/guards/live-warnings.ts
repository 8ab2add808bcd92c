import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { PlanWarning } from '../restore/plan.ts'
import { parentPath, ROOT } from '../znode/path.ts'
import type { TouchedPaths } from './touched-paths.ts'

const PATHS_SHOWN = 3
const SESSIONS_SHOWN = 3

/** What clients do at the moment, paths as the plan has them. */
export interface LiveUse {
  /** Watches on data and on existence, by path. Servers list no watches on children. */
  readonly watchers: ReadonlyMap<string, ReadonlySet<bigint>>
  /** Paths of ephemerals by the session that owns them. */
  readonly ephemerals: ReadonlyMap<bigint, readonly string[]>
  /** Where a session comes from, as far as a server told. */
  readonly addresses: ReadonlyMap<bigint, string>
}

/** At most one line a kind: who watches what the plan writes, who watches above it, and whose ephemerals are in it. */
export function warnOfLiveUse(use: LiveUse, touched: TouchedPaths): PlanWarning[] {
  return [warnOfWatches(use, touched), warnOfOwners(use, touched), warnOfWatchesAbove(use, touched)].filter(
    (warning) => warning !== null,
  )
}

class Found {
  readonly paths = new Set<string>()
  readonly sessions = new Set<bigint>()
  count = 0

  list(): string {
    const first = [...this.paths].slice(0, PATHS_SHOWN)
    const more = this.paths.size - first.length
    return more > 0 ? `${first.join(', ')} and ${more} more` : first.join(', ')
  }

  /** `session 0x1 (10.0.0.5:4711)`, `3 sessions: 0x1 (10.0.0.5:4711), 0x2, 0x3`. */
  who(addresses: LiveUse['addresses']): string {
    const names = [...this.sessions].slice(0, SESSIONS_SHOWN).map((id) => {
      const address = addresses.get(id)
      return address === undefined ? formatHex64(id) : `${formatHex64(id)} (${address})`
    })
    if (this.sessions.size === 1) return `session ${names[0]}`
    const more = this.sessions.size - names.length
    return `${this.sessions.size} sessions: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  }
}

function warnOfWatches({ watchers, addresses }: LiveUse, touched: TouchedPaths): PlanWarning | null {
  const found = new Found()
  for (const [path, sessions] of watchers) {
    if (!touched.isWritten(path)) continue
    found.paths.add(path)
    found.count += sessions.size
    for (const id of sessions) found.sessions.add(id)
  }
  const [path] = found.paths
  if (path === undefined) return null
  const what = `${countOf(found.paths.size, 'znode')} that it writes ${found.paths.size === 1 ? 'is' : 'are'} watched`
  return {
    code: 'watched',
    path,
    message: `${what}, by ${countOf(found.count, 'watch', 'watches')} of ${found.who(addresses)}: ${found.list()}`,
    severity: 'warning',
    advice: 'Their clients are told of each write at once. Stop them first, or be sure that they can take the values.',
  }
}

function warnOfWatchesAbove({ watchers, addresses }: LiveUse, touched: TouchedPaths): PlanWarning | null {
  const found = new Found()
  for (const [path, sessions] of watchers) {
    if (!touched.isAbove(path)) continue
    found.paths.add(path)
    found.count += sessions.size
    for (const id of sessions) found.sessions.add(id)
  }
  const [path] = found.paths
  if (path === undefined) return null
  const watches = countOf(found.count, 'watch', 'watches')
  return {
    code: 'watched-above',
    path,
    message: `${watches} of ${found.who(addresses)} above znodes that it writes: ${found.list()}`,
    severity: 'note',
    advice: 'A server does not say whether a watch is recursive. If one is, its client is told of each write below it.',
  }
}

function warnOfOwners({ ephemerals, addresses }: LiveUse, touched: TouchedPaths): PlanWarning | null {
  const found = new Found()
  for (const [id, paths] of ephemerals) {
    for (const path of paths) {
      const parent = parentPath(path)
      if (parent === ROOT || touched.findWrittenAbove(path) === null) continue
      found.count++
      found.paths.add(parent)
      found.sessions.add(id)
    }
  }
  const [path] = found.paths
  if (path === undefined) return null
  const owns = found.sessions.size === 1 ? 'owns' : 'own'
  return {
    code: 'session-owned',
    path,
    message: `${found.who(addresses)} ${owns} ${countOf(found.count, 'ephemeral')} below znodes that it writes: in ${found.list()}`,
    severity: 'warning',
    advice:
      'Somebody is at work there now. The ephemerals stay as they are; stop their owners first when they must not see the change.',
  }
}
