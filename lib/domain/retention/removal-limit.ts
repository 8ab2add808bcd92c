/** A run that would mark a greater part of the good backups stops: a wrong rule or clock must not empty a store. */
export const MASS_REMOVAL_SHARE = 0.5

export interface RemovalCounts {
  /** Good backups that nothing is decided about yet: those that already wait for their removal are not counted again. */
  readonly good: number
  /** Of them, those that would go now. */
  readonly goodGoing: number
}

/** Whether so much would go at once that a person must say so. */
export function isMassRemoval({ good, goodGoing }: RemovalCounts): boolean {
  return good > 0 && goodGoing / good > MASS_REMOVAL_SHARE
}
