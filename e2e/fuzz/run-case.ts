import { isArkeeperError } from '../../lib/base/errors.ts'
import { type Mutation, mutate, randomOfCase } from './mutations.ts'
import { type CorpusFile, type FuzzTarget, SAID_SO } from './targets.ts'

export interface FuzzCase {
  readonly file: CorpusFile
  readonly mutation: Mutation
}

/** Growth of the process's largest size that one case may cause. The corpus is small: more means that a length was believed. */
export const CASE_MEMORY_MAX = 192 << 20

export function caseOf(target: FuzzTarget, seed: number, number: number): FuzzCase {
  const random = randomOfCase(seed, target.name, number)
  const file = random.pick(target.corpus)
  return { file, mutation: mutate(random, file.bytes, random.pick(target.corpus).bytes) }
}

/** What a target makes of its sound files, once: other files of the corpus are no finding for a splice that equals one. */
export class Baseline {
  readonly #contents = new Map<CorpusFile, string>()

  static async of(target: FuzzTarget): Promise<Baseline> {
    const baseline = new Baseline()
    for (const file of target.corpus) baseline.#contents.set(file, await target.read(file.bytes, file))
    return baseline
  }

  contentOf(file: CorpusFile): string | undefined {
    return this.#contents.get(file)
  }
}

/** Null when the target did what it must; otherwise what it did instead. */
export async function runCase(target: FuzzTarget, { file, mutation }: FuzzCase, baseline: Baseline) {
  if (target.corpus.some((other) => other.bytes.equals(mutation.bytes))) return null
  const before = process.resourceUsage().maxRSS
  const finding = await outcomeOf(target, file, mutation, baseline)
  const grown = (process.resourceUsage().maxRSS - before) * 1024
  if (finding === null && grown > CASE_MEMORY_MAX) return `the process grew by ${grown >> 20} MiB`
  return finding
}

async function outcomeOf(target: FuzzTarget, file: CorpusFile, mutation: Mutation, baseline: Baseline) {
  try {
    const content = await target.read(mutation.bytes, file)
    const sound = baseline.contentOf(file) ?? ''
    if (content === SAID_SO || content === sound || target.accepts?.(content, sound)) return null
    return `read as sound, with other content (${content.slice(0, 200)})`
  } catch (error) {
    if (isArkeeperError(error) && error.code !== '') return null
    return `threw ${error instanceof Error ? error.stack : String(error)}`
  }
}
