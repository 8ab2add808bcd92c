import type { TokenScope } from './schemas.ts'

export interface TokenView {
  readonly id: string
  readonly name: string
  /** Its first characters. */
  readonly hint: string
  readonly ownerName: string
  readonly isYours: boolean
  readonly scopes: readonly TokenScope[]
  /** Names; null: no limit. */
  readonly clusters: readonly string[] | null
  readonly createdAt: string
  readonly expiresAt: string
  readonly lastUsedAt: string | null
  readonly lastUsedIp: string | null
  readonly state: 'works' | 'expired' | 'revoked' | 'owner-deactivated'
}
