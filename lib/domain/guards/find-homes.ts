import type { PlanWarning } from '../restore/plan.ts'
import { ancestorsOf, isWithin, ROOT } from '../znode/path.ts'
import type { GuardedApplication } from './application.ts'
import { type GuardedPlace, signaturesAt } from './application-tally.ts'

/** Places that would lose what they are known by if this subtree went: at the path itself, or above it. */
export function findHomes(path: string, applications: readonly GuardedApplication[]): GuardedPlace[] {
  return [...ancestorsOf(path), path].flatMap((root) =>
    applications
      .map((application): GuardedPlace => ({ application, root }))
      .filter((place) => signaturesAt(place).some((paths) => paths.some((each) => isWithin(each, path)))),
  )
}

export function warnOfHome({ application, root }: GuardedPlace, path: string): PlanWarning {
  const { application: name } = application
  return {
    code: 'application-home',
    path,
    message: `${name} lives at ${root}, and ${path === root || path === ROOT ? 'all of it goes' : `${path} is a part of it`}`,
    severity: 'danger',
    advice: `Deleting it takes ${name} down or loses its state. Stop it first, and have a backup.`,
  }
}
