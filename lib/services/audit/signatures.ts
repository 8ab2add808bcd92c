import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from './chain.ts'
import type { ChainPlace, ChainProblem } from './chain-verifier.ts'

interface Signed {
  readonly hash: string
  readonly at: Date
  readonly keyId: string
  readonly signature: string
}

export interface Checkpoint extends Signed {
  readonly sequence: number
}

export interface Removal extends Signed {
  readonly throughSequence: number
  readonly throughId: number
  readonly entries: number
}

/** What is signed, as AUDIT.md documents it. */
export function checkpointText({ sequence, hash, at, keyId }: Omit<Checkpoint, 'signature'>): string {
  return canonicalJson(['arkeeper-audit-checkpoint-1', sequence, hash, at.toISOString(), keyId])
}

export function removalText(removal: Omit<Removal, 'signature'>): string {
  const { throughSequence, throughId, hash, entries, at, keyId } = removal
  return canonicalJson(['arkeeper-audit-removal-1', throughSequence, throughId, hash, entries, at.toISOString(), keyId])
}

/** The keys that are trusted, by their ids. */
export class TrustedKeys {
  readonly #keys = new Map<string, KeyObject>()

  constructor(pems: readonly string[]) {
    for (const pem of pems) {
      const key = createPublicKey(pem)
      const der = key.export({ type: 'spki', format: 'der' })
      this.#keys.set(createHash('sha256').update(der).digest('hex').slice(0, 16), key)
    }
  }

  get size(): number {
    return this.#keys.size
  }

  /** Null when it is signed well, else what is wrong with it. */
  fault(text: string, { keyId, signature }: Signed): string | null {
    const key = this.#keys.get(keyId)
    if (!key) return `is signed with a key (${keyId}) that is not known`
    return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'))
      ? null
      : 'is not signed as it says'
  }
}

export interface Anchors {
  readonly checkpoints: readonly ChainPlace[]
  readonly removed: (ChainPlace & { readonly throughId: number }) | null
  readonly problems: readonly ChainProblem[]
}

/** What the chain can be held against, of what is signed by a trusted key. Without any key all is taken as it is. */
export function toAnchors(
  given: { readonly checkpoints: readonly Checkpoint[]; readonly removals: readonly Removal[] },
  keys: TrustedKeys,
): Anchors {
  const problems: ChainProblem[] = []
  const checkpoints = given.checkpoints.filter((checkpoint) => {
    const fault = keys.size === 0 ? null : keys.fault(checkpointText(checkpoint), checkpoint)
    if (fault === null) return true
    const { sequence } = checkpoint
    problems.push({
      code: 'CHECKPOINT_FORGED',
      sequence,
      id: null,
      message: `the checkpoint of entry ${sequence} ${fault}`,
    })
    return false
  })
  const latest = given.removals.toSorted((a, b) => a.throughSequence - b.throughSequence).at(-1)
  const fault = latest && keys.size > 0 ? keys.fault(removalText(latest), latest) : null
  if (latest && fault !== null) {
    const message = `the record of the removal of entries up to ${latest.throughSequence} ${fault}`
    problems.push({ code: 'REMOVAL_UNSIGNED', sequence: latest.throughSequence, id: null, message })
  }
  const removed =
    latest && fault === null
      ? { sequence: latest.throughSequence, throughId: latest.throughId, hash: latest.hash }
      : null
  return { checkpoints, removed, problems }
}

const fileSchema = z.object({
  kind: z.literal('arkeeper-audit-checkpoint'),
  version: z.literal(1),
  sequence: z.number().int().positive(),
  hash: z.string(),
  at: z.iso.datetime(),
  keyId: z.string(),
  signature: z.string(),
})

/** `audit/checkpoint-<sequence>.json` of a store. */
export function formatCheckpointFile({ sequence, hash, at, keyId, signature }: Checkpoint): string {
  const file = { kind: 'arkeeper-audit-checkpoint', version: 1, sequence, hash, at: at.toISOString(), keyId, signature }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Null when it is none. */
export function parseCheckpointFile(text: string): Checkpoint | null {
  try {
    const file = fileSchema.parse(JSON.parse(text))
    return { ...file, at: new Date(file.at) }
  } catch {
    return null
  }
}
