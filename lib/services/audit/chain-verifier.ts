import { type ChainedRecord, HASH_VERSION, hashEntry, hashSealed, NO_HASH, PRUNE_ACTION, SEAL_ACTION } from './chain.ts'

export type ChainProblemCode =
  | 'ENTRY_CHANGED'
  | 'ENTRY_REPLACED'
  | 'ENTRY_MOVED'
  | 'ENTRY_MISSING'
  | 'ENTRY_INSERTED'
  | 'SEALED_CHANGED'
  | 'END_CHANGED'
  | 'REMOVAL_UNSIGNED'
  | 'CHECKPOINT_MISMATCH'
  | 'CHECKPOINT_BEYOND_END'
  | 'CHECKPOINT_FORGED'
  | 'LINE_UNREADABLE'

/** What is wrong, at which entry. */
export interface ChainProblem {
  readonly code: ChainProblemCode
  readonly sequence: number | null
  readonly id: number | null
  readonly message: string
}

/** A place in the chain that is known from elsewhere: its end, a signed checkpoint, the last entry that retention removed. */
export interface ChainPlace {
  readonly sequence: number
  readonly hash: string
}

export interface ChainVerifierOptions {
  /** Signed and checked already. */
  readonly checkpoints?: readonly ChainPlace[]
  /** Entries up to there are gone by policy. */
  readonly removed?: (ChainPlace & { readonly throughId: number }) | null
  /** An export through a filter: what is not in it is not missed. */
  readonly isPartial?: boolean
  /** Only what comes after this entry, which is given first, is read. */
  readonly from?: ChainPlace | null
}

export interface ChainReport {
  readonly ok: boolean
  readonly entries: number
  /** Of them, entries from before there was a chain. */
  readonly sealed: number
  readonly first: number | null
  readonly last: number | null
  readonly lastHash: string | null
  readonly checkpoints: number
  /** The first ones, of `problemCount`. */
  readonly problems: readonly ChainProblem[]
  readonly problemCount: number
  readonly notes: readonly string[]
}

const PROBLEMS_MAX = 100
/** How far away an entry that was moved is looked for. */
const MOVED_MAX = 50

interface Known extends ChainPlace {
  readonly id: number
  readonly previousHash: string
  readonly record: ChainedRecord
  readonly intact: boolean
}

/**
 * Takes chained entries in the order of the chain or against it, then those from before it, newest first, one at a time: its memory does
 * not grow with the log. Each entry is held against its own hash and against its neighbour.
 */
export class ChainVerifier {
  readonly #options: ChainVerifierOptions
  readonly #checkpoints = new Map<number, string[]>()
  readonly #problems: ChainProblem[] = []
  readonly #notes: string[] = []
  #problemCount = 0
  #entries = 0
  #sealed = 0
  #sum = NO_HASH
  #lowest: Known | null = null
  #highest: Known | null = null
  #latest: Known | null = null
  #seal: ChainedRecord | null = null
  #removal: ChainPlace | null = null
  #checkpointsMet = 0

  constructor(options: ChainVerifierOptions = {}) {
    this.#options = options
    for (const { sequence, hash } of options.checkpoints ?? []) {
      this.#checkpoints.set(sequence, [...(this.#checkpoints.get(sequence) ?? []), hash])
    }
  }

  get entries(): number {
    return this.#entries
  }

  report(problem: ChainProblem): void {
    this.#problemCount += 1
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem)
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  take(record: ChainedRecord): void {
    const { sequence, previousHash, hash } = record
    if (sequence === null || previousHash === null || hash === null) {
      this.#takeUnchained(record)
      return
    }
    // Left over when a removal was interrupted.
    if (sequence <= (this.#options.removed?.sequence ?? 0)) return
    this.#entries += 1
    const place = { sequence, previousHash, hash }
    const known = { ...place, id: record.id, record, intact: this.#checkItself(record, place) }
    const from = this.#options.from
    if (this.#latest === null && from) this.#checkStart(from, known)
    if (this.#latest !== null) this.#checkNeighbour(this.#latest, known)
    for (const signed of this.#checkpoints.get(sequence) ?? []) {
      this.#checkpointsMet += 1
      if (signed !== hash) {
        this.#reportAt(known, 'CHECKPOINT_MISMATCH', 'is not the one that was signed: the chain was rebuilt')
      }
    }
    if (sequence === 1 && record.action === SEAL_ACTION) this.#seal = record
    if (record.action === PRUNE_ACTION && record.outcome === 'ok') this.#noteRemoval(record.after)
    if (this.#lowest === null || sequence < this.#lowest.sequence) this.#lowest = known
    if (this.#highest === null || sequence > this.#highest.sequence) this.#highest = known
    this.#latest = known
  }

  /** `head` is the end that the database knows; null where there is none, as of an export. */
  end(head: ChainPlace | null): ChainReport {
    this.#checkBeginning(head !== null)
    if (head) this.#checkEnd(head)
    this.#checkSeal()
    const last = this.#highest?.sequence ?? this.#options.removed?.sequence ?? 0
    for (const [sequence] of [...this.#checkpoints].sort(([a], [b]) => a - b)) {
      if (sequence <= last) continue
      const what = `entry ${sequence} was signed in a checkpoint, and the log ends at ${last}`
      if (head)
        this.report({ code: 'CHECKPOINT_BEYOND_END', sequence, id: null, message: `${what}: its end was cut off` })
      else this.#notes.push(`${what}: it was exported before, or its end was cut off`)
    }
    return {
      ok: this.#problemCount === 0,
      entries: this.#entries,
      sealed: this.#sealed,
      first: this.#lowest?.sequence ?? null,
      last: this.#highest?.sequence ?? null,
      lastHash: this.#highest?.hash ?? null,
      checkpoints: this.#checkpointsMet,
      problems: this.#problems,
      problemCount: this.#problemCount,
      notes: this.#notes,
    }
  }

  #checkItself(record: ChainedRecord, place: ChainPlace & { readonly previousHash: string }): boolean {
    if (record.hashVersion !== HASH_VERSION) {
      this.#reportAt(
        { sequence: place.sequence, id: record.id },
        'ENTRY_CHANGED',
        `says that it is hashed in version ${record.hashVersion}, which is not known`,
      )
      return false
    }
    if (hashEntry(record, place) === place.hash) return true
    const origin = findOrigin(record, place)
    if (origin === null)
      this.#reportAt({ ...place, id: record.id }, 'ENTRY_CHANGED', 'was changed: it does not give its hash')
    else this.#reportAt({ ...place, id: record.id }, 'ENTRY_MOVED', `was moved: it was written as entry ${origin}`)
    return false
  }

  #checkStart(from: ChainPlace, known: Known): void {
    if (known.sequence !== from.sequence) this.#missing(from.sequence, known.sequence - 1)
    else if (known.hash !== from.hash) {
      this.#reportAt(known, 'ENTRY_REPLACED', 'is not the one that was read before: the chain was rebuilt')
    }
  }

  #checkNeighbour(latest: Known, known: Known): void {
    const [low, high] = known.sequence > latest.sequence ? [latest, known] : [known, latest]
    if (low.sequence === high.sequence) {
      this.#reportAt(known, 'ENTRY_INSERTED', 'is there twice')
      return
    }
    if (low.id >= high.id) this.#reportAt(known, 'ENTRY_MOVED', `stands in another order than its id ${known.id} says`)
    if (high.sequence - low.sequence > 1) {
      if (!this.#options.isPartial) this.#missing(low.sequence + 1, high.sequence - 1)
      return
    }
    if (high.previousHash === low.hash || !low.intact) return
    // What the next one says of it may be what was changed: then the next one is named already, and this one is sound.
    if (!high.intact && hashEntry(high.record, { ...high, previousHash: low.hash }) === high.hash) return
    this.#reportAt(low, 'ENTRY_REPLACED', `was replaced: entry ${high.sequence} goes on from another one`)
  }

  #takeUnchained(record: ChainedRecord): void {
    if (record.id <= (this.#options.removed?.throughId ?? 0)) return
    this.#entries += 1
    if (this.#seal === null || record.id > this.#seal.id) {
      // Those of an export through a filter, or read against the chain's order, have no seal to be held against.
      if (this.#options.isPartial) return
      const message = `the entry with id ${record.id} is not part of the chain: it was put in past it`
      this.report({ code: 'ENTRY_INSERTED', sequence: null, id: record.id, message })
      return
    }
    this.#sealed += 1
    this.#sum = hashSealed(this.#sum, record)
  }

  #checkBeginning(hasRecords: boolean): void {
    const { removed, from, isPartial } = this.#options
    const lowest = this.#lowest
    if (lowest === null || from || isPartial) return
    // Whoever can append can say that entries were removed by policy; only the signed record, which an export has not, shows it.
    const known = removed ?? (hasRecords ? null : this.#removal)
    if (known && !removed)
      this.#notes.push(
        `entry ${lowest.sequence} is the first: a removal is on record, and its signature is not in here`,
      )
    const expected = known ?? { sequence: 0, hash: NO_HASH }
    if (lowest.sequence > expected.sequence + 1) this.#missing(expected.sequence + 1, lowest.sequence - 1)
    else if (lowest.sequence === expected.sequence + 1 && lowest.previousHash !== expected.hash) {
      this.#reportAt(lowest, 'ENTRY_REPLACED', 'does not go on from where the log begins')
    }
    const said = this.#removal
    if (removed && (said === null || said.sequence !== removed.sequence || said.hash !== removed.hash)) {
      const message = `entries up to ${removed.sequence} were removed, and no entry of the log says so`
      this.report({ code: 'REMOVAL_UNSIGNED', sequence: removed.sequence, id: removed.throughId, message })
    }
  }

  #checkEnd(head: ChainPlace): void {
    const last = this.#highest ?? this.#options.removed ?? { sequence: 0, hash: NO_HASH }
    if (head.sequence > last.sequence) this.#missing(last.sequence + 1, head.sequence, ', at the end')
    else if (head.sequence < last.sequence || head.hash !== last.hash) {
      const message = `the database's record of the end (entry ${head.sequence}) does not fit entry ${last.sequence}, the last one`
      this.report({ code: 'END_CHANGED', sequence: last.sequence, id: this.#highest?.id ?? null, message })
    }
  }

  #checkSeal(): void {
    if (this.#seal === null || this.#options.isPartial || this.#options.from) return
    const { entries, hash } = toObject(this.#seal.after)
    if (entries === this.#sealed && hash === this.#sum) return
    const what = entries === this.#sealed ? 'one of them was changed' : `${this.#sealed} of ${entries} are there`
    const message = `the entries from before the chain are not those that entry 1 sealed: ${what}`
    this.report({ code: 'SEALED_CHANGED', sequence: 1, id: this.#seal.id, message })
  }

  #noteRemoval(after: unknown): void {
    const { throughSequence, hash } = toObject(after)
    if (typeof throughSequence !== 'number' || typeof hash !== 'string') return
    if ((this.#removal?.sequence ?? 0) < throughSequence) this.#removal = { sequence: throughSequence, hash }
  }

  #missing(from: number, to: number, where = ''): void {
    if (from > to) return
    const message = from === to ? `entry ${from} is missing${where}` : `entries ${from} to ${to} are missing${where}`
    this.report({ code: 'ENTRY_MISSING', sequence: from, id: null, message })
  }

  #reportAt({ sequence, id }: { sequence: number; id: number }, code: ChainProblemCode, what: string): void {
    this.report({ code, sequence, id, message: `entry ${sequence} (id ${id}) ${what}` })
  }
}

/** Where an entry that does not fit its place was written, when that is near. */
function findOrigin(record: ChainedRecord, place: ChainPlace & { readonly previousHash: string }): number | null {
  for (let by = -MOVED_MAX; by <= MOVED_MAX; by++) {
    const sequence = place.sequence + by
    if (by === 0 || sequence < 1) continue
    for (const id of [record.id, record.id + by]) {
      if (hashEntry({ ...record, id }, { ...place, sequence }) === place.hash) return sequence
    }
  }
  return null
}

function toObject(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : {}
}
