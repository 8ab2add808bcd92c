/** What one server told of how it is set up, of the keys below and no others: the rest may hold passwords. Null: it was not asked or did not tell. */
export interface ToldSettings {
  readonly server: string
  /** Base address of its AdminServer; null: by four-letter word. */
  readonly url: string | null
  /** ISO. */
  readonly readAt: string
  /** myid; null also for a standalone server. */
  readonly serverId: number | null
  readonly clientPort: number | null
  readonly clientAddress: string | null
  /** Java properties of the running process. */
  readonly properties: Readonly<Record<string, string>> | null
  /** The file that it was started with, as it told or as it lies on its disk. */
  readonly zooCfg: Readonly<Record<string, string>> | null
  /** What it runs with, as `conf` says. */
  readonly running: Readonly<Record<string, string>> | null
}

const PROPERTIES: ReadonlySet<string> = new Set([
  'file.encoding',
  'java.specification.version',
  'jute.maxbuffer',
  'zookeeper.4lw.commands.whitelist',
  'zookeeper.db.autocreate',
  'zookeeper.digest.enabled',
  'zookeeper.extendedTypesEnabled',
  'zookeeper.forceSync',
  'zookeeper.leaderServes',
  'zookeeper.skipACL',
  'zookeeper.snapshot.trust.empty',
])
const ZOO_CFG: ReadonlySet<string> = new Set([
  'autopurge.purgeInterval',
  'autopurge.snapRetainCount',
  'maxClientCnxns',
  'tickTime',
])
/** By the AdminServer's name for it, and `conf`'s. */
const RUNNING: Readonly<Record<string, string>> = {
  tick_time: 'tickTime',
  max_client_cnxns: 'maxClientCnxns',
  min_session_timeout: 'minSessionTimeout',
  max_session_timeout: 'maxSessionTimeout',
}

export function pickProperties(answer: Readonly<Record<string, unknown>>): Record<string, string> {
  return pick(answer, (key) => (PROPERTIES.has(key) ? key : null))
}

export function pickRunning(answer: Readonly<Record<string, unknown>>): Record<string, string> {
  const names = new Set(Object.values(RUNNING))
  return pick(answer, (key) => RUNNING[key] ?? (names.has(key) ? key : null))
}

/** Lines of a Java properties file as far as zoo.cfg needs them. */
export function pickZooCfg(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:\s]\s*(.*?)\s*$/.exec(line)
    return match?.[1] === undefined ? [] : [[match[1], match[2] ?? ''] as const]
  })
  return pick(Object.fromEntries(lines), (key) => (ZOO_CFG.has(key) ? key : null))
}

function pick(answer: Readonly<Record<string, unknown>>, nameOf: (key: string) => string | null) {
  return Object.fromEntries(
    Object.entries(answer).flatMap(([key, value]) => {
      const name = nameOf(key)
      return name !== null && ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
        ? [[name, String(value)]]
        : []
    }),
  )
}

/** A setting of one server: the value that is in force, or that nobody knows it. */
export type KnownSetting =
  | { readonly known: true; readonly value: string; readonly isDefault: boolean }
  | { readonly known: false }

/**
 * A Java property; `fallback` holds where it is not set, which only a server that told its properties can say. Keys of zoo.cfg that the server
 * does not know itself become properties `zookeeper.<key>`.
 */
export function propertyOf(
  { properties }: Pick<ToldSettings, 'properties'>,
  key: string,
  fallback: string,
): KnownSetting {
  if (properties === null) return { known: false }
  const value = properties[key]
  return value === undefined
    ? { known: true, value: fallback, isDefault: true }
    : { known: true, value, isDefault: false }
}

export function zooCfgOf({ zooCfg }: Pick<ToldSettings, 'zooCfg'>, key: string, fallback: string): KnownSetting {
  if (zooCfg === null) return { known: false }
  const value = zooCfg[key]
  return value === undefined
    ? { known: true, value: fallback, isDefault: true }
    : { known: true, value, isDefault: false }
}

export function runningOf({ running }: Pick<ToldSettings, 'running'>, key: string): KnownSetting {
  const value = running?.[key]
  return value === undefined ? { known: false } : { known: true, value, isDefault: false }
}
