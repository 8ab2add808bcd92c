/** Of rows that somebody works on for a while: nobody has this one now. Claims ask it again in the update that takes the lease. */
export function leaseIsFree(now: Date): { OR: ({ leaseUntil: null } | { leaseUntil: { lt: Date } })[] } {
  return { OR: [{ leaseUntil: null }, { leaseUntil: { lt: now } }] }
}
