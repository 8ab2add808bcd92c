import type { SeenTree, SeenZnode } from './bare-reader.ts'
import type { Expectation, Expected } from './tree-model.ts'

export interface Finding {
  /** `twice`: a number of the znode counts one write more than there should be. */
  readonly kind: 'wrong' | 'twice'
  readonly path: string
  readonly message: string
}

/** What somebody else has done to a path meanwhile. */
export interface ForeignWrite {
  readonly kind: 'create' | 'set' | 'delete'
  readonly data: string | null
}

export interface JudgeOptions {
  readonly expected: ReadonlyMap<string, Expectation>
  /**
   * `middle`: each path is as it was or as it is to be. `end`: as it is to be. `turning`: in the middle of an undo. `back`: as it was,
   * whatever was done and undone.
   */
  readonly when: 'middle' | 'end' | 'turning' | 'back'
  readonly foreign?: ReadonlyMap<string, ForeignWrite>
}

export function judgeTree(tree: SeenTree, { expected, when, foreign = new Map() }: JudgeOptions): Finding[] {
  const findings: Finding[] = []
  const find = (kind: Finding['kind'], path: string, message: string) => findings.push({ kind, path, message })
  for (const path of tree.keys()) if (!expected.has(path)) find('wrong', path, 'nobody was to create it')
  for (const [path, expectation] of expected) {
    const seen = tree.get(path) ?? null
    const other = foreign.get(path)
    if (other) judgeForeign(path, seen, other, find)
    else if (when === 'back') judgeBack(path, seen, expectation, find)
    else if (when === 'turning') judgeTurning(path, seen, expectation, find)
    else judgeOne(path, seen, expectation, when, find)
    judgeChildren(path, seen, expectation, { when, foreign, find })
  }
  return findings
}

type Find = (kind: Finding['kind'], path: string, message: string) => void

/** Nothing that a restore under `stop` or `skip` does may touch what another has written: it is there, or they have deleted it. */
function judgeForeign(path: string, seen: SeenZnode | null, other: ForeignWrite, find: Find): void {
  if (other.kind === 'delete') return
  if (seen === null || seen.data !== other.data)
    find('wrong', path, `${other.data} of another writer is gone, there is ${seen?.data}`)
}

function judgeOne(
  path: string,
  seen: SeenZnode | null,
  { before, after }: Expectation,
  when: 'middle' | 'end',
  find: Find,
): void {
  const states = when === 'end' ? [after] : [before, after]
  if (seen === null || !states.some((state) => state !== null)) {
    if (!states.includes(null)) find('wrong', path, 'it is missing')
    else if (seen !== null) find('wrong', path, 'it is still there')
    return
  }
  // Data and ACL are steps of their own: one may be done while the other is not.
  const there = states.filter((state) => state !== null)
  const byData = there.filter((state) => state.data === seen.data)
  const byAcl = there.filter((state) => state.acl === seen.acl)
  if (byData.length === 0) find('wrong', path, `its data is ${brief(seen.data)}, not ${brief(there.at(-1)?.data)}`)
  else judgeNumber('version', path, seen.version, byData, find)
  if (byAcl.length === 0) find('wrong', path, `its ACL is ${seen.acl}, not ${there.at(-1)?.acl}`)
  else judgeNumber('aversion', path, seen.aversion, byAcl, find)
}

function judgeNumber(
  name: 'version' | 'aversion',
  path: string,
  seen: number,
  states: readonly Expected[],
  find: Find,
): void {
  const allowed = states.map((state) => state[name])
  if (allowed.includes(seen)) return
  const isMore = seen > Math.max(...allowed)
  find(isMore ? 'twice' : 'wrong', path, `its ${name} is ${seen}, not ${allowed.join(' or ')}`)
}

/** Being taken back: still as the restore left it, or as it was before; no number can have grown by more than both of them. */
function judgeTurning(path: string, seen: SeenZnode | null, { before, after }: Expectation, find: Find): void {
  if (seen === null) {
    if (before !== null && after !== null) find('wrong', path, 'it is missing in the middle of the undo')
    return
  }
  const states = [before, after].filter((state) => state !== null)
  if (!states.some(({ data }) => data === seen.data)) find('wrong', path, `its data is ${brief(seen.data)}`)
  if (!states.some(({ acl }) => acl === seen.acl)) find('wrong', path, `its ACL is ${seen.acl}`)
  for (const name of ['version', 'aversion'] as const) {
    const from = before?.[name] ?? 0
    const most = from + 2 * Math.max(0, (after?.[name] ?? 0) - from)
    if (seen[name] > most) find('twice', path, `its ${name} is ${seen[name]}, more than ${most}`)
  }
}

/** Taken back: each write that was done has been done once more, backwards. */
function judgeBack(path: string, seen: SeenZnode | null, { before, after }: Expectation, find: Find): void {
  if (before === null) {
    if (seen !== null) find('wrong', path, 'the undo left it there')
    return
  }
  if (seen === null) {
    find('wrong', path, 'the undo did not bring it back')
    return
  }
  if (seen.data !== before.data)
    find('wrong', path, `after the undo its data is ${brief(seen.data)}, not ${brief(before.data)}`)
  if (seen.acl !== before.acl) find('wrong', path, `after the undo its ACL is ${seen.acl}, not ${before.acl}`)
  for (const name of ['version', 'aversion'] as const) {
    const allowed = [before[name], after === null ? 0 : before[name] + 2 * (after[name] - before[name])]
    if (!allowed.includes(seen[name])) {
      const isMore = seen[name] > Math.max(...allowed)
      find(isMore ? 'twice' : 'wrong', path, `after the undo its ${name} is ${seen[name]}, not ${allowed.join(' or ')}`)
    }
  }
}

/** Children that come and go are counted by the server, so that a create that was done, deleted and done again shows. */
function judgeChildren(
  path: string,
  seen: SeenZnode | null,
  { before, cversionBefore, cversionAfter }: Expectation,
  known: { when: JudgeOptions['when']; foreign: ReadonlyMap<string, ForeignWrite>; find: Find },
): void {
  const { when, foreign, find } = known
  if (seen === null || (when !== 'middle' && when !== 'end' && before === null)) return
  let others = 0
  for (const [at, { kind }] of foreign) if (kind === 'delete' && at.slice(0, at.lastIndexOf('/')) === path) others++
  const isUndo = when === 'back' || when === 'turning'
  const most = (isUndo ? cversionBefore + 2 * (cversionAfter - cversionBefore) : cversionAfter) + others
  if (seen.cversion > most) find('twice', path, `its children came and went ${seen.cversion} times, not ${most}`)
  else if (when === 'end' && seen.cversion < cversionAfter)
    find('wrong', path, `its children came and went ${seen.cversion} times, not ${cversionAfter}`)
}

function brief(data: string | null | undefined): string {
  if (data === null || data === undefined) return 'nothing'
  return data.length > 60 ? `${data.slice(0, 60)}…` : JSON.stringify(data)
}
