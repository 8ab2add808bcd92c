import type { Acl } from '../znode/acl.ts'
import type { ZnodeKind } from '../znode/znode.ts'
import { TXN_TYPE } from './txn.ts'
import type { ZnodeTouch } from './visit-touched.ts'

/** Why a log does not tell: it begins later; transactions are missing in between; nobody looked further back. */
export type WhyUnknown = 'logs-begin' | 'gap' | 'further-back'

export type Told<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'unknown'; readonly why: WhyUnknown }

/** What a log tells of one znode between two of its transactions. */
export type ZnodeState =
  | { readonly kind: 'unknown'; readonly why: WhyUnknown }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present'
      readonly data: Told<Uint8Array | null>
      readonly acl: Told<Acl>
      readonly znodeKind: Told<{ readonly kind: ZnodeKind; readonly ttlMs: number | null }>
      readonly version: Told<number>
    }

/** The state behind a touch, from the state before it. Data are what the touch holds, not copies. */
export function applyTouch(state: ZnodeState, touch: ZnodeTouch): ZnodeState {
  switch (touch.kind) {
    case 'delete':
    case 'closed':
      return { kind: 'absent' }
    case 'create':
      return {
        kind: 'present',
        data: known(touch.data),
        acl: known(touch.acl),
        znodeKind: known(kindOf(touch)),
        version: known(0),
      }
    case 'setData':
      return { ...presentOf(state), data: known(touch.data), version: known(touch.version) }
    case 'setAcl':
      return { ...presentOf(state), acl: known(touch.acl) }
  }
}

/** The log changed it, so it is there, whatever was known before. */
function presentOf(state: ZnodeState): Extract<ZnodeState, { kind: 'present' }> {
  if (state.kind === 'present') return state
  // Absent, and yet changed: what made it is missing.
  const nothing = { kind: 'unknown', why: state.kind === 'unknown' ? state.why : 'gap' } as const
  return { kind: 'present', data: nothing, acl: nothing, znodeKind: nothing, version: nothing }
}

function known<T>(value: T): Told<T> {
  return { kind: 'known', value }
}

function kindOf(touch: Extract<ZnodeTouch, { kind: 'create' }>): { kind: ZnodeKind; ttlMs: number | null } {
  if (touch.type === TXN_TYPE.createContainer) return { kind: 'container', ttlMs: null }
  if (touch.ttlMs !== null) return { kind: 'ttl', ttlMs: Number(touch.ttlMs) }
  return { kind: touch.ephemeral ? 'ephemeral' : 'persistent', ttlMs: null }
}
