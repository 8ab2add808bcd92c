import type { BadgeTone } from '@/app/_ui/badge.tsx'
import type { ScheduleRunView } from '@/lib/services/schedules/views.ts'

/** `2026-03-29 03:00`, as a clock in the zone shows it. */
export function formatInZone(ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(new Date(ms))
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}`
}

/** `45 min`, `1 h`, `25 h`, `7 d`: a distance between runs. */
export function distanceWords(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return `${Math.max(1, Math.round(ms / 1000))} s`
  if (minutes < 60) return `${minutes} min`
  const hours = minutes / 60
  if (hours < 72) return Number.isInteger(hours) ? `${hours} h` : `${Math.floor(hours)} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  const rest = Math.round(hours - days * 24)
  return rest === 0 ? `${days} d` : `${days} d ${rest} h`
}

export const describeScope = (paths: readonly string[]) =>
  paths.length === 1 && paths[0] === '/' ? 'the whole tree' : paths.join(', ')

export const SOURCE_NAMES: Record<string, string> = {
  files: 'data directories',
  observer: 'quorum port',
  admin: 'AdminServer',
  client: 'client port',
}

export const RUN_LOOKS: Record<ScheduleRunView['state'], { readonly tone: BadgeTone; readonly text: string }> = {
  waiting: { tone: 'accent', text: 'waits' },
  running: { tone: 'accent', text: 'runs' },
  succeeded: { tone: 'good', text: 'succeeded' },
  failed: { tone: 'bad', text: 'failed' },
  cancelled: { tone: 'neutral', text: 'cancelled' },
  skipped: { tone: 'warn', text: 'skipped' },
  missed: { tone: 'bad', text: 'missed' },
}

export const KIND_WORDS: Record<ScheduleRunView['kind'], string> = {
  due: '',
  'make-up': 'makes up',
  'by-hand': 'by hand',
}
