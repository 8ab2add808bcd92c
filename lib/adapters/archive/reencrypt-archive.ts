import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { invariant } from '../../base/invariant.ts'
import { makeDir } from '../../base/make-dir.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { type FileForm, plainName } from './file-form.ts'
import { findFileSize, readWholeManifest } from './read-manifest.ts'
import { hashSealed } from './sealed-bytes.ts'
import { readFileBytes } from './snapshot-file.ts'
import { INDEX_FILE } from './snapshot-index.ts'
import { makeTempDir, removeTree, syncDir } from './temp-dir.ts'
import { verifyArchive } from './verify-archive.ts'
import { publish } from './write-archive.ts'
import { type WrittenFile, writeManifest } from './write-manifest.ts'

interface ReencryptOptions {
  readonly parentDir: string
  readonly name?: string
  readonly signal?: AbortSignal
}

/**
 * See ArchivePort.reencrypt. A new file key for each file: whoever has opened the former with an old private key, or kept its file key,
 * reads nothing of this one. So the payload is encrypted anew and not only its header written anew.
 */
export async function reencryptArchive(dir: string, form: FileForm, options: ReencryptOptions) {
  invariant(form.recipients !== null, 'an archive is encrypted anew to somebody')
  const { parentDir, signal } = options
  let tempDir: string | null = null
  try {
    const { manifest, inner } = await readWholeManifest(dir, form.keys)
    await makeDir(parentDir)
    tempDir = await makeTempDir(parentDir)
    const files: WrittenFile[] = []
    for (const entry of manifest.files) {
      if (entry.name === manifest.encryption?.manifest) continue
      // It is derived, and may have been lost.
      const isGone = plainName(entry.name) === INDEX_FILE && (await findFileSize(join(dir, entry.name))) === null
      if (!isGone) files.push(await copyFile({ dir, tempDir, entry, form, signal }))
    }
    const written = await writeManifest(tempDir, inner, files, form)
    await syncDir(tempDir)
    const report = await verifyArchive(tempDir, { signal, keys: form.keys })
    if (!report.ok) {
      throw new ArchiveError('READ_BACK_FAILED', `what was read back is not whole: ${report.problems[0]?.message}`, {
        unaffected: 'the archive is as it was',
        remedy: 'verify the archive with its key; check the disk of the store',
      })
    }
    const published = await publish(tempDir, parentDir, options.name ?? laterName(basename(dir), 1))
    tempDir = null
    await syncDir(parentDir)
    const archiveBytes = written.manifest.files.reduce((sum, file) => sum + file.bytes, written.bytes)
    return { dir: published, manifest: written.manifest, archiveBytes }
  } catch (error) {
    throw toArchiveError(error, `encrypting ${dir} anew`, { unaffected: 'the archive is as it was' })
  } finally {
    if (tempDir !== null) await removeTree(tempDir)
  }
}

/** One file's content, held against the sums of the former while it is read, and against them again as it lies on the disk. */
async function copyFile(input: {
  dir: string
  tempDir: string
  entry: Manifest['files'][number]
  form: FileForm
  signal: AbortSignal | undefined
}): Promise<WrittenFile> {
  const { dir, tempDir, entry, form, signal } = input
  const name = plainName(entry.name) + form.suffix
  const path = join(tempDir, name)
  const hash = createHash('sha256')
  const file = await form.create(path)
  try {
    for await (const chunk of readFileBytes(join(dir, entry.name), 0, form.keys)) {
      throwIfAborted(signal)
      hash.update(chunk)
      await file.write(chunk)
    }
    await file.finish()
  } finally {
    await file.close()
  }
  const { sha256 } = entry.plain ?? entry
  if (hash.digest('hex') !== sha256) {
    throw new ArchiveError('READ_BACK_FAILED', `the content of ${entry.name} is not the one that its manifest names`, {
      unaffected: 'the archive is as it was',
      remedy: 'verify it; a copy of it may be whole',
    })
  }
  const found = await hashSealed(path, form.keys)
  if (found.plain.sha256 === sha256) return { name, ...found }
  throw new ArchiveError('READ_BACK_FAILED', `what was read back of ${name} is not what was written`, {
    unaffected: 'the archive is as it was',
    remedy: 'check the disk of the store',
  })
}
