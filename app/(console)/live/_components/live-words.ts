import type { TouchDid } from '@/lib/domain/txnlog/summary.ts'
import { describeServerError } from '@/lib/domain/znode/server-errors.ts'
import type { LiveTxnView } from '@/lib/services/live/views.ts'

/** What a list of types offers: several of ZooKeeper's names where people see one thing. */
export const TYPE_CHOICES = {
  writes: {
    label: 'Writes to znodes',
    types: [
      'create',
      'create2',
      'createContainer',
      'createTTL',
      'setData',
      'setACL',
      'delete',
      'deleteContainer',
      'multi',
      'reconfig',
    ],
  },
  create: { label: 'create', types: ['create', 'create2', 'createContainer', 'createTTL'] },
  setData: { label: 'setData', types: ['setData'] },
  setACL: { label: 'setACL', types: ['setACL'] },
  delete: { label: 'delete', types: ['delete', 'deleteContainer'] },
  multi: { label: 'multi', types: ['multi'] },
  sessions: { label: 'Sessions begun and ended', types: ['createSession', 'closeSession'] },
  reconfig: { label: 'reconfig', types: ['reconfig'] },
  error: { label: 'Refused requests', types: ['error'] },
} as const

export type TypeChoice = keyof typeof TYPE_CHOICES
export const TYPE_CHOICE_IDS = Object.keys(TYPE_CHOICES).filter((id): id is TypeChoice =>
  Object.hasOwn(TYPE_CHOICES, id),
)

const WORDS: Readonly<Record<TouchDid, string>> = {
  create: 'created',
  setData: 'value written',
  setAcl: 'access changed',
  delete: 'deleted',
  closed: 'deleted: its session ended',
}

export function wordOf(did: TouchDid): string {
  return WORDS[did]
}

/** As ZooKeeper names it, and what that means. */
export function describeRefusal(error: number, name: string | null): string {
  return name === null ? describeServerError(error) : `${name}, ${describeServerError(error)}`
}

/** The row in words: what happened, where first, and how much more. */
export function describeTxn({ type, touched, touchedCount, error, errorName }: LiveTxnView): {
  readonly what: string
  readonly path: string | null
  readonly more: string | null
} {
  if (error !== null) return { what: `${type}, refused: ${describeRefusal(error, errorName)}`, path: null, more: null }
  const more = touchedCount > 1 ? `and ${touchedCount - 1} more` : null
  return { what: type, path: touched[0]?.path ?? null, more }
}
