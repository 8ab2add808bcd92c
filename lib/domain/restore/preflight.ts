import { randomUUID } from 'node:crypto'
import { countOf } from '../../base/count-of.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { type Acl, formatAcl, OPEN_ACL } from '../znode/acl.ts'
import { joinPath, parentPath, ROOT } from '../znode/path.ts'
import type { PlanStep } from './plan.ts'
import type { RefusalCode, RestoreTarget, WriteOperation, WriteOutcome } from './ports.ts'

type CreateStep = Extract<PlanStep, { step: 'create' }>

/** Something that the plan needs and the target will not do. */
export interface Refusal {
  readonly code: 'no-right' | 'acl-refused' | 'kind-refused' | 'quota' | 'read-only' | 'parent-ephemeral' | 'refused'
  /** Where it was noticed first. */
  readonly path: string
  readonly message: string
  /** Steps that stand behind it, as far as they were counted. */
  readonly steps: number
}

export interface PreflightReport {
  /** Questions that the target has answered. */
  readonly asked: number
  /** Steps whose like was not asked: there were too many different places. */
  readonly notAsked: number
  /** Questions whose answer was lost. */
  readonly unanswered: number
  readonly refusals: readonly Refusal[]
}

/** Different places and forms that are asked about, each; more say little that the first ones do not. */
const PLACES_MAX = 200
const FORMS_MAX = 100
/** Znodes whose ACL the plan changes before it writes there; beyond these, no place is asked about any more. */
const OPENED_MAX = 10_000
const WINDOW = 16
/** No znode has this data version: the check after the operation fails, and with it the whole multi. */
const IMPOSSIBLE_VERSION = 0x7fff_ffff

interface Form {
  readonly path: string
  readonly acl: Acl
  readonly kind: CreateStep['kind']
  readonly ttlMs: number | null
  steps: number
}

interface Place {
  readonly operation: WriteOperation
  readonly what: string
  steps: number
}

/** What of a plan has to be asked, gathered while its steps go by; in bounded memory. */
export class PreflightDemands {
  readonly forms = new Map<string, Form>()
  /** Znodes below which is created, each with how many of its children. */
  readonly parents = new Map<string, number>()
  readonly places: Place[] = []
  notAsked = 0
  private created: string | null = null
  private updates = 0
  private deletes = 0
  private lastDeleted: string | null = null
  /** Their ACL is another one by the time of the writes: what the list of now forbids says nothing. */
  private readonly opened = new Set<string>()

  add(step: PlanStep): void {
    switch (step.step) {
      case 'create':
        this.addCreate(step)
        return
      case 'setData': {
        const { path, expect } = step
        const operation = { op: 'setData', path, data: null, version: expect.version } as const
        if (!this.isOpened(path) && this.updates++ < PLACES_MAX)
          this.places.push({ operation, what: 'change its value', steps: 1 })
        else this.notAsked++
        return
      }
      case 'delete': {
        const { path, expect } = step
        // Children come first: only what has none can be asked about by itself.
        const isParent = this.lastDeleted !== null && parentPath(this.lastDeleted) === path
        this.lastDeleted = path
        if (isParent) return
        const operation = { op: 'delete', path, version: expect.version } as const
        if (!this.isOpened(parentPath(path)) && this.deletes++ < PLACES_MAX)
          this.places.push({ operation, what: 'delete it', steps: 1 })
        else this.notAsked++
        return
      }
      case 'setAcl':
        // Those that take rights away come last: what they forbid is asked about by then.
        if (this.opened.size <= OPENED_MAX) this.opened.add(step.path)
        this.addForm({ path: step.path, acl: step.acl, kind: 'persistent', ttlMs: null })
        return
      case 'advanceCounter':
        if (step.expect.kind === 'present') this.addParent(step.path)
    }
  }

  private addCreate(step: CreateStep): void {
    const { path, acl, kind, ttlMs } = step
    this.addForm({ path, acl, kind, ttlMs })
    const parent = parentPath(path)
    // In path order: a parent that the plan makes itself came just before, and cannot be asked about.
    const isMade = this.created !== null && (parent === this.created || parent.startsWith(`${this.created}/`))
    if (isMade) return
    this.created = path
    this.addParent(parent)
  }

  private addParent(parent: string): void {
    const known = this.parents.get(parent)
    if (this.isOpened(parent) || (known === undefined && this.parents.size >= PLACES_MAX)) this.notAsked++
    else this.parents.set(parent, (known ?? 0) + 1)
  }

  private isOpened(path: string): boolean {
    return this.opened.size > OPENED_MAX || this.opened.has(path)
  }

  private addForm({ path, acl, kind, ttlMs }: Omit<Form, 'steps'>): void {
    const key = `${kind} ${kind === 'ttl' ? 'ttl' : ''} ${JSON.stringify(acl)}`
    const known = this.forms.get(key)
    if (known) known.steps++
    else if (this.forms.size >= FORMS_MAX) this.notAsked++
    else this.forms.set(key, { path, acl, kind, ttlMs, steps: 1 })
  }
}

/**
 * Asks the target whether it would do what a plan needs, without doing it: each question is a multi of the operation and a check that
 * cannot hold, which the server refuses as a whole (it takes a zxid and changes nothing). Rights to set ACLs and the room that values
 * need are not asked this way. Throws what the target throws, CancelledError.
 */
export async function askTarget(
  demands: PreflightDemands,
  target: Pick<RestoreTarget, 'multi'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<PreflightReport> {
  const questions = new Questions(target, options.signal)
  const parents = [...demands.parents]
  const answers = await questions.ask(parents.map(([parent]) => creating(parent, 'persistent', { acl: OPEN_ACL })))
  let open: string | null = null
  for (const [at, [parent, steps]] of parents.entries()) {
    const code = answers[at]
    if (code === null) open ??= parent
    else if (code !== undefined) questions.refuse(code, { path: parent, what: 'create children below it', steps })
  }
  if (open !== null) await askForms(demands, questions, open)
  const refused = await questions.ask(demands.places.map(({ operation }) => operation))
  for (const [at, { operation, what, steps }] of demands.places.entries()) {
    const code = refused[at]
    // What has moved since is for the guards of the run.
    if (code === undefined || code === null || STALE.has(code)) continue
    questions.refuse(code, { path: operation.path, what, steps })
  }
  return questions.report(demands.notAsked)
}

const STALE: ReadonlySet<RefusalCode> = new Set(['NO_NODE', 'BAD_VERSION', 'NOT_EMPTY', 'NODE_EXISTS'])

/** Kinds first: a list is only judged by itself where its znode's kind is not what is refused. */
async function askForms(demands: PreflightDemands, questions: Questions, parent: string): Promise<void> {
  const forms = [...demands.forms.values()]
  const kinds = [...new Set(forms.map((form) => form.kind))].filter((kind) => kind !== 'persistent')
  const perKind = await questions.ask(
    kinds.map((kind) => creating(parent, kind, { acl: OPEN_ACL, ttlMs: forms.find((f) => f.kind === kind)?.ttlMs })),
  )
  for (const [at, kind] of kinds.entries()) {
    const code = perKind[at]
    if (code === undefined || code === null) continue
    const first = forms.find((form) => form.kind === kind)
    const steps = forms.filter((form) => form.kind === kind).reduce((sum, form) => sum + form.steps, 0)
    questions.refuseKind(code, { path: first?.path ?? parent, kind, steps })
  }
  const perAcl = await questions.ask(forms.map(({ acl }) => creating(parent, 'persistent', { acl })))
  for (const [at, form] of forms.entries()) {
    const code = perAcl[at]
    if (code !== undefined && code !== null) questions.refuseAcl(code, form)
  }
}

function creating(
  parent: string,
  kind: CreateStep['kind'],
  { acl, ttlMs }: { acl: Acl; ttlMs?: number | null },
): WriteOperation {
  // A name that nobody else has: the create itself must have nothing against it.
  const path = joinPath(parent, `arkeeper-asks-${randomUUID()}`)
  return { op: 'create', path, data: null, acl, kind, ttlMs: kind === 'ttl' ? (ttlMs ?? 1000) : null }
}

class Questions {
  private readonly target: Pick<RestoreTarget, 'multi'>
  private readonly signal: AbortSignal | undefined
  private readonly refusals = new Map<string, { -readonly [K in keyof Refusal]: Refusal[K] }>()
  private asked = 0
  private unanswered = 0

  constructor(target: Pick<RestoreTarget, 'multi'>, signal: AbortSignal | undefined) {
    this.target = target
    this.signal = signal
  }

  /** For each operation why it would be refused; null when it would be done, undefined when the answer was lost. */
  async ask(operations: readonly WriteOperation[]): Promise<(RefusalCode | null | undefined)[]> {
    const answers: (RefusalCode | null | undefined)[] = []
    for (let at = 0; at < operations.length; at += WINDOW) {
      throwIfAborted(this.signal)
      const round = operations.slice(at, at + WINDOW)
      answers.push(...(await Promise.all(round.map((operation) => this.askOne(operation)))))
    }
    return answers
  }

  refuse(code: RefusalCode, { path, what, steps }: { path: string; what: string; steps: number }): void {
    switch (code) {
      case 'NO_AUTH':
        this.add('no-right', { path, steps, message: `this session has no right to ${what}` })
        return
      case 'NOT_READ_ONLY':
        this.add('read-only', { path: ROOT, steps, message: 'the server is read-only: it has lost its quorum' })
        return
      case 'QUOTA_EXCEEDED':
        this.add('quota', { path, steps, message: `a quota that the servers enforce does not let us ${what}` })
        return
      case 'NO_CHILDREN_FOR_EPHEMERALS':
        this.add('parent-ephemeral', { path, steps, message: 'it is ephemeral and can have no children' })
        return
      default:
        if (!STALE.has(code)) this.add('refused', { path, steps, message: `the server refuses to ${what} (${code})` })
    }
  }

  refuseKind(code: RefusalCode, { path, kind, steps }: { path: string; kind: string; steps: number }): void {
    if (code !== 'UNIMPLEMENTED' && code !== 'BAD_ARGUMENTS' && code !== 'OTHER') {
      this.refuse(code, { path, what: `create ${kind} znodes`, steps })
      return
    }
    const remedy = kind === 'ttl' ? ': it needs 3.5.3 or newer and zookeeper.extendedTypesEnabled=true' : ''
    this.add('kind-refused', { path, steps, message: `the server makes no ${kind} znodes${remedy}` })
  }

  refuseAcl(code: RefusalCode, { path, acl, steps }: Form): void {
    if (code !== 'INVALID_ACL') {
      this.refuse(code, { path, what: 'create a znode', steps })
      return
    }
    const message = `the server takes no ACL ${formatAcl(acl)}: it does not know the scheme, or not this form of the id`
    this.add('acl-refused', { path, steps, message })
  }

  report(notAsked: number): PreflightReport {
    const { asked, unanswered } = this
    return { asked, notAsked, unanswered, refusals: [...this.refusals.values()] }
  }

  private add(code: Refusal['code'], { path, message, steps }: Omit<Refusal, 'code'>): void {
    // The same words for many places are one line.
    const key = `${code} ${message}`
    const known = this.refusals.get(key)
    if (known) known.steps += steps
    else this.refusals.set(key, { code, path, message, steps })
  }

  private async askOne(operation: WriteOperation): Promise<RefusalCode | null | undefined> {
    const check = { op: 'check', path: ROOT, version: IMPOSSIBLE_VERSION } as const
    const outcome: WriteOutcome<unknown> = await this.target.multi([operation, check], { signal: this.signal })
    if (outcome.kind === 'unknown') {
      this.unanswered++
      return undefined
    }
    this.asked++
    // Whatever the check was refused for, the operation before it would have been done.
    return outcome.kind === 'refused' && outcome.index === 0 ? outcome.code : null
  }
}

export function describeRefusal({ path, message, steps }: Refusal): string {
  return `${path}: ${message}${steps > 1 ? ` (${countOf(steps, 'step')})` : ''}`
}
