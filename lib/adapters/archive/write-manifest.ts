import { join } from 'node:path'
import { stringifyJson } from '../../base/json.ts'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import { ArchiveError } from './errors.ts'
import { AGE_SUFFIX, type FileForm, plainName } from './file-form.ts'
import { MANIFEST_FILE } from './read-manifest.ts'
import { hashSealed } from './sealed-bytes.ts'
import { type FileSums, sha256Of, writeNewFile } from './write-file.ts'

export interface WrittenFile extends FileSums {
  readonly name: string
}

/** The same file once it is decrypted. */
export function toPlain({ name, bytes, sha256, plain }: WrittenFile): WrittenFile {
  return plain === undefined ? { name, bytes, sha256 } : { name: plainName(name), ...plain }
}

/** A small file, read back when it is encrypted: then its sums are those of what lies there. */
export async function putFile(dir: string, name: string, text: string, form: FileForm): Promise<WrittenFile> {
  if (form.recipients === null) return { name, ...(await writeNewFile(join(dir, name), text)) }
  const fileName = name + form.suffix
  const path = join(dir, fileName)
  const content = Buffer.from(text)
  const file = await form.create(path)
  try {
    await file.write(content)
    await file.finish()
  } finally {
    await file.close()
  }
  const found = await hashSealed(path, form.keys)
  if (found.plain.sha256 === sha256Of(content)) return { name: fileName, ...found }
  throw new ArchiveError('READ_BACK_FAILED', `what was read back of ${fileName} is not what was written`, {
    unaffected: 'no archive was made; the cluster was only read',
    remedy: 'check the disk of the store, then take the backup again',
  })
}

/**
 * Writes the manifest. Of an encrypted archive it goes into an encrypted file whole, as that of the archive that is decrypted, and what
 * anybody may read is written beside it. Gives the whole one, with the files as they lie there.
 */
export async function writeManifest(
  dir: string,
  plain: Manifest,
  files: readonly WrittenFile[],
  form: FileForm,
): Promise<{ manifest: Manifest; bytes: number }> {
  const text = `${stringifyJson(plain, 2)}\n`
  if (form.recipients === null)
    return { manifest: plain, bytes: (await writeNewFile(join(dir, MANIFEST_FILE), text)).bytes }
  const inner = await putFile(dir, MANIFEST_FILE, text, form)
  const manifest = manifestSchema.parse({
    ...plain,
    schema: 2,
    files: [...files, inner],
    encryption: {
      format: 'age',
      recipients: [...form.recipients],
      manifest: MANIFEST_FILE + AGE_SUFFIX,
      hidden: countHidden(plain),
    },
  })
  const open = `${stringifyJson(withoutPaths(manifest), 2)}\n`
  return { manifest, bytes: (await writeNewFile(join(dir, MANIFEST_FILE), open)).bytes }
}

/** Without the names of znodes, but for the subtrees that were asked for: those that a restore touches are nobody's choice of words. */
export function withoutPaths(manifest: Manifest): Manifest {
  const { sequenceParents: _, ...fidelity } = manifest.fidelity
  const { import: imported, scope } = manifest
  return {
    ...manifest,
    scope: scope.kind === 'touched' ? { ...scope, paths: [] } : scope,
    consistency: { ...manifest.consistency, moved: [] },
    fidelity: { ...fidelity, unreadable: [], maskedAcl: [] },
    ...(imported === undefined
      ? {}
      : { import: { ...imported, impliedListed: [], skipped: { ...imported.skipped, listed: [] }, warnings: [] } }),
  }
}

function countHidden({ consistency, fidelity, scope }: Manifest) {
  return {
    scope: scope.kind === 'touched' ? scope.paths.length : 0,
    moved: consistency.moved.length,
    unreadable: fidelity.unreadable.length,
    maskedAcl: fidelity.maskedAclTotal ?? fidelity.maskedAcl.length,
    sequenceParents: fidelity.sequenceParentsTotal ?? fidelity.sequenceParents?.length ?? 0,
  }
}
