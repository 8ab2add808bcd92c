import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { parseConnectString } from '../../adapters/zookeeper/connect-string.ts'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { ServerReport, WatchesByPath } from '../../adapters/zookeeper/server-reports.ts'
import type { LiveUse } from '../../domain/guards/live-warnings.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import type { EngineContext } from '../context.ts'
import { askAdminAddresses, askAdminEphemerals, askAdminWatches } from './admin-reports.ts'

/** A server holds its watches still while it lists them: beyond this many watched paths it is not asked to. */
const WATCHED_PATHS_MAX = 100_000

export interface AskLiveUseInput {
  readonly connectString: string
  readonly tls: ClusterTarget['tls']
  /** AdminServers of the cluster; asked where four-letter words leave something open. */
  readonly admins: readonly AdminTarget[]
  /** Sessions of our own, which are nobody's. */
  readonly ownSessions: readonly bigint[]
  /** What is known of ephemerals already, by paths without the chroot; null asks the servers. */
  readonly ephemerals: LiveUse['ephemerals'] | null
}

/** One server of the connect string, and whether its watches are known. */
export interface AskedServer {
  readonly server: string
  readonly kind: 'known' | 'part' | 'unknown'
  /** What was asked, or why it is not known: one clause. */
  readonly message: string
}

export interface LiveUseReport extends LiveUse {
  readonly asked: readonly AskedServer[]
  /** False when no server would tell, and nobody has looked otherwise. */
  readonly knowsEphemerals: boolean
}

type Asker = Pick<EngineContext, 'zookeeper' | 'adminServers' | 'signal'>

/** Asks every server, because watches and connections are those of one server. Never throws but for a cancelled signal. */
export async function askLiveUse(context: Asker, input: AskLiveUseInput): Promise<LiveUseReport> {
  const { signal } = context
  const { reports } = context.zookeeper
  const chroot = parseConnectString(input.connectString).chroot || ROOT
  const limit = { pathsMax: WATCHED_PATHS_MAX }
  const [byWord, ephemerals] = await Promise.all([
    reports.watches(input, { ...limit, signal }),
    input.ephemerals === null ? askEphemerals(context, input, chroot) : input.ephemerals,
  ])
  const isOpen = byWord.some(({ kind }) => kind !== 'told' && kind !== 'too-many')
  const byAdmin = isOpen ? await askAdminWatches(context, input.admins, limit) : []
  const own = new Set(input.ownSessions)
  const watchers = mergeWatches([...byWord, ...byAdmin], { chroot, own })
  const others = new Map([...(ephemerals ?? [])].filter(([id]) => !own.has(id)))
  return {
    watchers,
    ephemerals: others,
    addresses: watchers.size + others.size === 0 ? new Map() : await askAddresses(context, input),
    asked: judgeServers(byWord, byAdmin),
    knowsEphemerals: ephemerals !== null,
  }
}

function mergeWatches(
  all: readonly ServerReport<WatchesByPath>[],
  { chroot, own }: { readonly chroot: string; readonly own: ReadonlySet<bigint> },
): Map<string, Set<bigint>> {
  const watchers = new Map<string, Set<bigint>>()
  for (const report of all) {
    if (report.kind !== 'told') continue
    for (const [absolute, ids] of report.value) {
      const path = inside(absolute, chroot)
      const others = ids.filter((id) => !own.has(id))
      if (path === null || others.length === 0) continue
      const known = watchers.get(path) ?? new Set()
      for (const id of others) known.add(id)
      watchers.set(path, known)
    }
  }
  return watchers
}

async function askEphemerals(
  context: Asker,
  input: AskLiveUseInput,
  chroot: string,
): Promise<LiveUse['ephemerals'] | null> {
  const byWord = await context.zookeeper.reports.ephemerals(input, { signal: context.signal })
  const isWhole = (report: (typeof byWord)[number]) => report.kind === 'told' && !report.cut
  const whole = byWord.find(isWhole) ?? (await askAdminEphemerals(context, input.admins)).find(isWhole)
  if (whole?.kind !== 'told') return null
  const owners = [...whole.value].map(([id, paths]): [bigint, string[]] => [
    id,
    paths.map((path) => inside(path, chroot)).filter((path) => path !== null),
  ])
  return new Map(owners)
}

async function askAddresses(context: Asker, input: AskLiveUseInput): Promise<Map<bigint, string>> {
  const byWord = await context.zookeeper.reports.addresses(input, { signal: context.signal })
  const isOpen = byWord.some(({ kind }) => kind !== 'told')
  const byAdmin = isOpen ? await askAdminAddresses(context, input.admins) : []
  return new Map([...byWord, ...byAdmin].flatMap((report) => (report.kind === 'told' ? [...report.value] : [])))
}

/** An AdminServer speaks for the server of its host; when as many have told as there are servers, for all of them. */
function judgeServers(
  byWord: readonly ServerReport<WatchesByPath>[],
  byAdmin: readonly ServerReport<WatchesByPath>[],
): AskedServer[] {
  const told = byAdmin.filter(({ kind }) => kind === 'told')
  const hosts = byWord.map(({ server }) => hostOf(server))
  return byWord.map((report, i) => {
    const { server } = report
    if (report.kind === 'told') {
      return report.cut
        ? { server, kind: 'part', message: 'its list of watches is too long and was cut' }
        : { server, kind: 'known', message: 'asked by wchp' }
    }
    const isAlone = hosts.filter((host) => host === hosts[i]).length === 1
    const speaker = told.find((admin) => isAlone && new URL(admin.server).hostname === hosts[i])
    if (speaker || (told.length > 0 && told.length >= byWord.length)) {
      return { server, kind: 'known', message: `asked its AdminServer${speaker ? ` ${speaker.server}` : ''}` }
    }
    return { server, kind: 'unknown', message: describe(report, byAdmin) }
  })
}

function describe(report: ServerReport<unknown>, byAdmin: readonly ServerReport<unknown>[]): string {
  const admin = byAdmin.find(({ kind }) => kind === 'failed' || kind === 'too-many')
  const also = admin ? `; ${admin.kind === 'failed' ? admin.message : reasonOf(admin)}` : ', and no AdminServer tells'
  return report.kind === 'too-many' ? reasonOf(report) : `${reasonOf(report)}${also}`
}

function reasonOf(report: ServerReport<unknown>): string {
  switch (report.kind) {
    case 'not-allowed':
      return `its 4lw.commands.whitelist does not allow ${report.word}`
    case 'too-many':
      return `it has watches on ${report.total} paths, and listing them would hold it up`
    case 'failed':
      return report.message
    case 'told':
      return ''
  }
}

function hostOf(server: string): string {
  return server.slice(0, server.lastIndexOf(':')).toLowerCase()
}

function inside(path: string, chroot: string): string | null {
  if (chroot === ROOT) return path
  return isWithin(path, chroot) ? path.slice(chroot.length) || ROOT : null
}
