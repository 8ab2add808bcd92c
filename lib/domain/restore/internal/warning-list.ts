import type { PlanWarning } from '../plan.ts'

const PER_CODE_MAX = 100

/** Warnings of a plan: the first hundred of a code one by one, the rest as one line with their number. */
export class WarningList {
  private readonly listed: PlanWarning[] = []
  private readonly counts = new Map<string, number>()

  add(code: string, path: string, message: string): void {
    const count = (this.counts.get(code) ?? 0) + 1
    this.counts.set(code, count)
    if (count <= PER_CODE_MAX) this.listed.push({ code, path, message })
  }

  list(restPath: string): PlanWarning[] {
    const rest = [...this.counts]
      .filter(([, count]) => count > PER_CODE_MAX)
      .map(([code, count]) => ({ code, path: restPath, message: `and ${count - PER_CODE_MAX} more of this kind` }))
    return [...this.listed, ...rest]
  }
}
