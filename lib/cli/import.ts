import { resolve } from 'node:path'
import { toArchiveError } from '../adapters/archive/errors.ts'
import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { makeDir } from '../base/make-dir.ts'
import { FORM_FACTS, IMPORT_FORMS, isImportForm } from '../domain/imports/import-form.ts'
import type { Manifest } from '../domain/snapshot/manifest.ts'
import type { TakenBackup } from '../services/engine/take-backup.ts'
import { takeImport } from '../services/engine/take-import.ts'
import { archivesFor, RECIPIENT_OPTIONS } from './age-options.ts'
import { argument, type Command, flag, requiredText, text } from './command.ts'
import { badUsage } from './errors.ts'

export const importCommand: Command = {
  usage: 'import FILE|DIR --out DIR [--form FORM] [--note TEXT] [--recipient age1…]… [--recipients-file FILE] [--json]',
  summary: `an archive of another tool's file (${IMPORT_FORMS.join(', ')})`,
  options: { out: 'string', form: 'string', note: 'string', ...RECIPIENT_OPTIONS },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const form = text(input, 'form') ?? null
    if (form !== null && !isImportForm(form)) throw badUsage(`--form ${form} is none of ${IMPORT_FORMS.join(', ')}`)
    const parentDir = resolve(requiredText(input, 'out'))
    await makeDir(parentDir).catch((error: unknown) => {
      throw toArchiveError(error, `making the folder ${parentDir}`, {
        unaffected: 'nothing was read and nothing written',
      })
    })
    const archives = await archivesFor(input)
    await context.archives.sweepUnfinished(parentDir)
    const taken = await takeImport(
      { ...context, archives },
      {
        path: argument(input, 0),
        form,
        clusterName: 'import',
        parentDir,
        note: text(input, 'note'),
        onProgress: (progress) => terminal.progress(progress),
      },
    )
    terminal.clear()
    if (flag(input, 'json')) await terminal.line(stringifyJson(toJson(taken)))
    else for (const line of describe(taken)) await terminal.line(line)
    return 0
  },
}

function toJson({ dir, manifest }: TakenBackup): unknown {
  const { status, zxid, znodes, dataBytes, durationMs, consistency, scope } = manifest
  return { archive: dir, status, zxid, znodes, dataBytes, durationMs, consistency, scope, import: manifest.import }
}

function describe({ dir, manifest }: TakenBackup): string[] {
  return [
    dir,
    `${countOf(manifest.znodes, 'znode')}, ${countOf(manifest.dataBytes, 'byte')} of data, of ${manifest.scope.paths.slice(0, 5).join(', ')}`,
    ...describeImport(manifest),
  ]
}

/** What the file could not say, a line each. */
export function describeImport({ import: facts }: Pick<Manifest, 'import'>): string[] {
  if (facts === undefined) return []
  const form = isImportForm(facts.form) ? FORM_FACTS[facts.form] : null
  return [
    `imported from ${facts.file}, ${form?.label ?? facts.form}`,
    ...(form?.silent ?? []).map((line) => `not known  ${line}`),
    ...(facts.unknownAcls > 0 ? [`not known  the ACL of ${countOf(facts.unknownAcls, 'znode')}`] : []),
    ...(facts.unknownContents > 0 ? [`not known  data and ACL of ${countOf(facts.unknownContents, 'znode')}`] : []),
    ...(facts.impliedParents > 0
      ? [
          `added  ${countOf(facts.impliedParents, 'parent')} that the file lacks: ${facts.impliedListed.slice(0, 5).join(', ')}`,
        ]
      : []),
    ...facts.skipped.listed.map(({ name, why }) => `left out  ${name}: ${why}`),
    ...facts.warnings.map((warning) => `warning  ${warning}`),
  ]
}
