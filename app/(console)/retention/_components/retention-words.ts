import { formatCount } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import type { Setting } from '@/lib/domain/retention/server-settings.ts'
import type { Spread } from '@/lib/domain/retention/snapshot-trigger.ts'

const MINUTE_MS = 60_000
const CENTURY_MS = 100 * 365.25 * 24 * 60 * MINUTE_MS

const SOURCES: Record<Setting['source'], string> = {
  server: 'as the server has it',
  'zoo.cfg': 'as its zoo.cfg has it',
  default: 'default assumed',
}

/** `100,000 (default assumed)`. */
export function settingWords(setting: Setting, unit = ''): string {
  return `${formatCount(setting.value)}${unit} (${SOURCES[setting.source]})`
}

export type PurgeState = 'on' | 'off' | 'assumed-off'

export function purgeStateOf(hours: Setting): PurgeState {
  return hours.value > 0 ? 'on' : hours.source === 'default' ? 'assumed-off' : 'off'
}

export function durationWords(ms: number): string {
  return ms >= CENTURY_MS ? 'more than a century' : formatDuration(ms)
}

export function spreadWords(spread: Spread, format: (value: number) => string): string {
  const [min, expected, max] = [format(spread.min), format(spread.expected), format(spread.max)]
  return min === max ? min : `${min} to ${max}, about ${expected}`
}

/** `12 a minute`, `0.2 a minute`. */
export function perMinute(perMs: number): number {
  return perMs * MINUTE_MS
}

export function rateCount(perMs: number): string {
  const value = perMinute(perMs)
  return value >= 10 ? formatCount(Math.round(value)) : String(Number(value.toPrecision(2)))
}

const KINDS = {
  client: { name: 'Walks over the client port', holds: 'one state each' },
  admin: { name: 'AdminServer snapshots', holds: 'one state each' },
  files: { name: 'Members’ files with their logs', holds: 'every transaction up to the copy' },
}

export function kindWords(kind: keyof typeof KINDS): { readonly name: string; readonly holds: string } {
  return KINDS[kind]
}
