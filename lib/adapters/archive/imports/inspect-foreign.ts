import { basename } from 'node:path'
import { CancelledError } from '../../../base/errors.ts'
import { ImportError } from '../../../domain/imports/errors.ts'
import type { VerifyProblem } from '../store.ts'
import { toProblem } from '../verify-archive.ts'
import { type ForeignFacts, type ForeignForm, type OpenForeignOptions, openForeign } from './open-foreign.ts'

/** `arkeeper inspect` of another tool's file. */
export interface ForeignFileFacts {
  readonly type: 'import'
  readonly form: ForeignForm
  readonly file: string
  readonly znodes: number
  readonly ephemerals: number
  readonly dataBytes: number
  readonly scope: readonly string[]
  readonly kindsKnown: boolean
  readonly unknownAcls: number
  readonly unknownContents: number
  readonly impliedParents: number
  readonly impliedListed: readonly string[]
  readonly skipped: ForeignFacts['skipped']
  readonly problems: readonly VerifyProblem[]
}

/** Reads all of it; what makes it unfit for an import is in `problems`. */
export async function inspectForeign(
  path: string,
  form: ForeignForm,
  options: OpenForeignOptions = {},
): Promise<ForeignFileFacts> {
  const file = basename(path)
  try {
    const tree = await openForeign(path, form, options)
    await tree.close()
    const { roots, highestZxid: _, ...facts } = tree.facts
    return { type: 'import', file, scope: roots, problems: [], ...facts }
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof ImportError)) throw error
    const nothing = { znodes: 0, ephemerals: 0, dataBytes: 0, scope: [], kindsKnown: false, unknownAcls: 0 }
    const more = { unknownContents: 0, impliedParents: 0, impliedListed: [], skipped: { total: 0, listed: [] } }
    return { type: 'import', form, file, ...nothing, ...more, problems: [toProblem(error, file)] }
  }
}
