import { SEVERITY_RANK, type Severity } from './rules.ts'

/** What is remembered of one alert between two looks. */
export interface AlertMemory {
  readonly state: 'pending' | 'firing'
  readonly severity: Severity
  /** When it was first seen; counted from then, `holdMs` later, it fires. */
  readonly sinceMs: number
  readonly firedAtMs: number | null
  /** Since when it is not seen any more; null while it is. */
  readonly clearSinceMs: number | null
  readonly lastNoticeAtMs: number | null
  /** No notices until then; infinity: until it is over. */
  readonly silentUntilMs: number | null
}

export interface AlertTiming {
  /** It must be there for so long before it fires. */
  readonly holdMs: number
  /** It must be gone for so long before it is over: what comes and goes is one alert. */
  readonly clearMs: number
  /** Between two notices while it fires. */
  readonly repeatMs: number
}

/** `firing` also when it has grown worse; `repeat` a reminder. */
export type NoticeEvent = 'firing' | 'repeat' | 'resolved'

export type AlertStep =
  /** Nothing was there and nothing is. */
  | { readonly kind: 'none' }
  /** It was pending and went by itself: nobody has to know. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'keep'; readonly memory: AlertMemory; readonly notice: NoticeEvent | null }
  | { readonly kind: 'resolve'; readonly notice: NoticeEvent | null }

/**
 * One look at one subject. `seen` is what the rule finds now, null when it is known that there is nothing; a look that failed is no look
 * and must not be passed on.
 */
export function stepAlert(
  memory: AlertMemory | null,
  seen: { readonly severity: Severity } | null,
  timing: AlertTiming,
  nowMs: number,
): AlertStep {
  if (memory === null) {
    if (seen === null) return { kind: 'none' }
    const begun: AlertMemory = {
      state: 'pending',
      severity: seen.severity,
      sinceMs: nowMs,
      firedAtMs: null,
      clearSinceMs: null,
      lastNoticeAtMs: null,
      silentUntilMs: null,
    }
    return goOn(begun, seen.severity, timing, nowMs)
  }
  if (seen !== null) return goOn(memory, seen.severity, timing, nowMs)
  if (memory.state === 'pending') return { kind: 'forget' }
  const clearSinceMs = memory.clearSinceMs ?? nowMs
  if (nowMs - clearSinceMs < timing.clearMs) return { kind: 'keep', memory: { ...memory, clearSinceMs }, notice: null }
  return { kind: 'resolve', notice: memory.lastNoticeAtMs === null ? null : 'resolved' }
}

function goOn(memory: AlertMemory, severity: Severity, timing: AlertTiming, nowMs: number): AlertStep {
  const seen = { ...memory, severity, clearSinceMs: null }
  if (memory.state === 'pending' && nowMs - memory.sinceMs < timing.holdMs) {
    return { kind: 'keep', memory: seen, notice: null }
  }
  const firing: AlertMemory = { ...seen, state: 'firing', firedAtMs: memory.firedAtMs ?? nowMs }
  const notice = noticeOf(memory, severity, timing, nowMs)
  return { kind: 'keep', memory: notice === null ? firing : { ...firing, lastNoticeAtMs: nowMs }, notice }
}

function noticeOf(
  memory: AlertMemory,
  severity: Severity,
  { repeatMs }: AlertTiming,
  nowMs: number,
): NoticeEvent | null {
  if (memory.silentUntilMs !== null && nowMs < memory.silentUntilMs) return null
  if (memory.lastNoticeAtMs === null) return 'firing'
  if (SEVERITY_RANK[severity] > SEVERITY_RANK[memory.severity]) return 'firing'
  return nowMs - memory.lastNoticeAtMs >= repeatMs ? 'repeat' : null
}
