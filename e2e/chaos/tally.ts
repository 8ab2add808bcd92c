import { FAULT_KINDS, type FaultKind } from './faults.ts'
import type { Finding } from './judge-tree.ts'

export interface KindTally {
  injected: number
  /** Runs that came through it by themselves: what was in doubt was read back. */
  wentOn: number
  /** Runs that another process, or a person, had to go on with. */
  resumed: number
  takenBack: number
  conflicts: number
  wrong: number
  twice: number
}

const COLUMNS = [
  ['fault', ''],
  ['injected', 'injected'],
  ['needed no resume', 'wentOn'],
  ['resumed', 'resumed'],
  ['undone half-way', 'takenBack'],
  ['conflicts listed', 'conflicts'],
  ['wrong znodes', 'wrong'],
  ['applied twice', 'twice'],
] as const satisfies readonly (readonly [string, keyof KindTally | ''])[]

export class Tally {
  readonly kinds = new Map<string, KindTally>(FAULT_KINDS.map(({ name }) => [name, emptyTally()]))
  readonly findings: string[] = []
  /** Rounds in which the members of an ensemble no longer agreed: nothing that a client does can bring that about. */
  readonly cameApart: string[] = []

  of(kind: FaultKind): KindTally {
    return this.kinds.get(kind.name)!
  }

  get injected(): number {
    return this.sum('injected')
  }

  add(other: Tally): void {
    for (const [name, { ...more }] of other.kinds) {
      const sums = this.kinds.get(name)!
      for (const key of Object.keys(sums)) if (isKey(key, sums)) sums[key] += more[key]
    }
    this.findings.push(...other.findings)
  }

  addFindings(kind: FaultKind, findings: readonly Finding[], where: string): void {
    for (const { kind: what, path, message } of findings) {
      this.of(kind)[what]++
      this.findings.push(`${where}, ${kind.name}: ${path}: ${message}`)
    }
  }

  toMarkdown(): string {
    const rows = [...this.kinds].filter(([, tally]) => tally.injected > 0)
    const total = emptyTally()
    for (const key of Object.keys(total)) if (isKey(key, total)) total[key] = this.sum(key)
    const cells = [...rows, ['all', total] as const].map(([name, tally]) =>
      COLUMNS.map(([, key]) => (key === '' ? name : String(tally[key]))),
    )
    const lines = [COLUMNS.map(([title]) => title), COLUMNS.map((_column, at) => (at === 0 ? '---' : '---:')), ...cells]
    return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
  }

  private sum(key: keyof KindTally): number {
    return [...this.kinds.values()].reduce((sum, tally) => sum + tally[key], 0)
  }
}

function emptyTally(): KindTally {
  return { injected: 0, wentOn: 0, resumed: 0, takenBack: 0, conflicts: 0, wrong: 0, twice: 0 }
}

function isKey(key: string, tally: KindTally): key is keyof KindTally {
  return Object.hasOwn(tally, key)
}
