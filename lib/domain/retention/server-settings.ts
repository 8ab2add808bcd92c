import { SNAP_RETAIN_MIN } from './autopurge.ts'

/** `server`: a property of the running process; `zoo.cfg`: the file it started with; `default`: not known, the default is assumed. */
export type SettingSource = 'server' | 'zoo.cfg' | 'default'

export interface Setting {
  readonly value: number
  readonly source: SettingSource
}

export interface ServerSettings {
  readonly snapCount: Setting
  readonly snapSizeLimitKb: Setting
  readonly preAllocKb: Setting
  /** Hours; 0 is off. */
  readonly purgeIntervalHours: Setting
  /** As it works: never below the server's minimum. */
  readonly snapRetainCount: Setting
}

/** Java's properties by key, and the text of zoo.cfg; null where the server was not asked or did not tell. */
export interface ToldSettings {
  readonly properties: Readonly<Record<string, unknown>> | null
  readonly zooCfg: string | null
}

const WHOLE = /^-?\d{1,15}$/

/**
 * zoo.cfg is read once, when the server starts: keys it does not know become properties `zookeeper.<key>`, and nothing writes back. Told but
 * not set means the default for sure, so that it counts as known.
 */
export function readServerSettings(told: ToldSettings): ServerSettings {
  const config = told.zooCfg === null ? null : parseZooCfg(told.zooCfg)
  const find = (key: string, fallback: number, isProperty = true): Setting => {
    const property = isProperty ? toWhole(told.properties?.[`zookeeper.${key}`]) : null
    if (property !== null) return { value: property, source: 'server' }
    const line = toWhole(config?.get(key))
    if (line !== null) return { value: line, source: 'zoo.cfg' }
    if (isProperty && told.properties !== null) return { value: fallback, source: 'server' }
    return { value: fallback, source: config === null ? 'default' : 'zoo.cfg' }
  }
  const retain = find('autopurge.snapRetainCount', SNAP_RETAIN_MIN, false)
  const snapCount = find('snapCount', 100_000)
  return {
    snapCount: { ...snapCount, value: Math.max(2, snapCount.value) },
    snapSizeLimitKb: find('snapSizeLimitInKb', 4 * 1024 * 1024),
    preAllocKb: find('preAllocSize', 64 * 1024),
    purgeIntervalHours: find('autopurge.purgeInterval', 0, false),
    snapRetainCount: { ...retain, value: Math.max(SNAP_RETAIN_MIN, retain.value) },
  }
}

/** Lines of a Java properties file as far as ZooKeeper's configuration needs them. */
function parseZooCfg(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:\s]\s*(.*?)\s*$/.exec(line)
    return match?.[1] === undefined ? [] : [[match[1], match[2] ?? ''] as const]
  })
  return new Map(lines)
}

function toWhole(value: unknown): number | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  return typeof value === 'string' && WHOLE.test(value.trim()) ? Number(value) : null
}
