import type { Severity } from './rules.ts'
import type { NoticeEvent } from './step-alert.ts'

/**
 * What a channel is told: the body of a webhook as it is (documented in lib/services/alerts/WEBHOOK.md), and what the others are formatted
 * from. Never a value of a znode and never a path of one.
 */
export interface AlertMessage {
  readonly version: 1
  /** The same in every repetition of one notice, and in no other notice. */
  readonly id: string
  readonly event: NoticeEvent | 'test'
  /** ISO, when the notice was written. */
  readonly at: string
  readonly alert: {
    readonly id: string
    readonly rule: string
    readonly severity: Severity
    readonly title: string
    readonly text: string
    readonly cluster: { readonly id: string; readonly name: string } | null
    readonly firedAt: string | null
    readonly resolvedAt: string | null
    /** The page of Arkeeper that shows it. */
    readonly link: string
  }
}

const EVENT_WORDS: Readonly<Record<AlertMessage['event'], string>> = {
  firing: '',
  repeat: 'Still: ',
  resolved: 'Resolved: ',
  test: 'Test: ',
}

/** One line: what, of which cluster. */
export function headlineOf({ event, alert }: AlertMessage): string {
  return `${EVENT_WORDS[event]}${alert.title}${alert.cluster ? ` (${alert.cluster.name})` : ''}`
}
