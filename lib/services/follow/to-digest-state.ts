import type { FollowView } from './views.ts'

const STATES = ['equal', 'parted', 'none'] as const

export function toDigestState(text: string | undefined): FollowView['digest']['state'] {
  return STATES.find((known) => known === text) ?? 'unknown'
}
