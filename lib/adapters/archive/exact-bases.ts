import { appendFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHex64 } from '../../base/hex64.ts'
import { stringifyJson } from '../../base/json.ts'
import { isErrnoError } from './errors.ts'

/**
 * Beside snapshots that are trees at the zxid of their name, proven when they were written. The form that servers of every version load has no
 * place to say so; servers pass over a file of this name.
 */
const EXACT_BASES = 'exact-bases.jsonl'

export interface ExactBase {
  readonly name: string
  readonly bytes: number
  readonly znodes: number
  readonly digest: bigint
}

export async function noteExactBase(dir: string, { name, bytes, znodes, digest }: ExactBase): Promise<void> {
  const line = stringifyJson({ name, bytes, znodes, digest: formatHex64(digest) })
  await appendFile(join(/* turbopackIgnore: true */ dir, EXACT_BASES), `${line}\n`)
}

/** Names of those that are still the files that were noted. */
export async function readExactBases(dir: string): Promise<ReadonlySet<string>> {
  const exact = new Set<string>()
  for (const line of (await readNotes(dir)).split('\n')) {
    const match = /^\{"name":"(snapshot\.[0-9a-f]+)","bytes":(\d+),/.exec(line)
    if (match?.[1] === undefined) continue
    const size = await stat(join(/* turbopackIgnore: true */ dir, match[1])).catch(() => null)
    if (size?.size === Number(match[2])) exact.add(match[1])
    else exact.delete(match[1])
  }
  return exact
}

async function readNotes(dir: string): Promise<string> {
  try {
    return await readFile(join(/* turbopackIgnore: true */ dir, EXACT_BASES), 'utf8')
  } catch (error) {
    if (isErrnoError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return ''
    throw error
  }
}
