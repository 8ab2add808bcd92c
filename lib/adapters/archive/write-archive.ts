import { randomUUID } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import packageJson from '../../../package.json' with { type: 'json' }
import { throwIfAborted } from '../../base/errors.ts'
import { formatHex64, formatHex64Bare } from '../../base/hex64.ts'
import { makeDir } from '../../base/make-dir.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'
import type { BodyCheck } from '../../domain/snapshot/check-body.ts'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { BodyCounts, SnapshotEnds } from '../../domain/snapshot/write-snapshot.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { type FileForm, openContent, PLAIN_FORM } from './file-form.ts'
import { fillHead, moveBehindHead } from './place-head.ts'
import { assertSame, BodyReadBack, checkEnds, checkIndex, hashWritten, type MeantSnapshot } from './read-back.ts'
import { formatIndex, INDEX_FILE } from './snapshot-index.ts'
import type { ArchiveDescription, WriteArchiveInput } from './store.ts'
import { makeTempDir, removeTree, syncDir } from './temp-dir.ts'
import { LISTED_PATHS_MAX, type WrittenBody, writeBody } from './write-body.ts'
import type { FileSums } from './write-file.ts'
import { putFile, toPlain, type WrittenFile, writeManifest } from './write-manifest.ts'

const BODY_FILE = 'body'
const NAMES_MAX = 1000

/**
 * Writes one archive, whole or not at all: under a temporary name, flushed, read back, renamed. On any failure the temporary is removed
 * and the failure thrown: an ArchiveError for the file system (NO_SPACE, DENIED, IO), CancelledError, or what the stream threw.
 */
export async function writeArchive(input: WriteArchiveInput, form: FileForm = PLAIN_FORM) {
  let tempDir: string | null = null
  try {
    throwIfAborted(input.signal)
    await makeDir(input.parentDir)
    tempDir = await makeTempDir(input.parentDir)
    const { manifest, archiveBytes } = await fillArchive(tempDir, input, form)
    const dir = await publish(tempDir, input.parentDir, archiveName(input.startedAtMs, manifest.zxid))
    tempDir = null
    await syncDir(input.parentDir)
    return { dir, manifest, archiveBytes }
  } catch (error) {
    throw toArchiveError(error, `writing an archive below ${input.parentDir}`, {
      unaffected: 'no archive was made; the cluster was only read',
    })
  } finally {
    if (tempDir !== null) await removeTree(tempDir)
  }
}

async function fillArchive(dir: string, input: WriteArchiveInput, form: FileForm) {
  const bodyName = BODY_FILE + form.suffix
  const file = await form.create(join(dir, bodyName))
  const { signal } = input
  let readBack: BodyReadBack | null = null
  try {
    readBack = BodyReadBack.start(await file.source(), { flush: () => file.flush(), signal })
    const body = await writeBody(file, readBack, input)
    const description = await input.describe()
    throwIfAborted(signal)
    const ends = body.body.finish(body.adler, description.sessions)
    const name = `snapshot.${formatHex64Bare(description.zxid)}.gz`
    const written = { dir, bodyName, name, file, form, body, ends }
    let meant = await fillHead(written)
    if (meant === null) {
      // Other bytes on the disk: what was read back so far does not speak for them.
      await readBack.close()
      meant = await moveBehindHead(written, signal)
      const moved = await openContent(join(dir, meant.fileName), form.keys)
      readBack = BodyReadBack.start(moved, { flush: async () => undefined, signal })
      for (const [i, block] of meant.index.blocks.entries()) readBack.add({ ...block, adler: body.adlers[i]! })
    }
    const indexText = formatIndex(meant.index, { snapshot: name, snapshotBytes: meant.bytes })
    const indexFile = await putFile(dir, INDEX_FILE, indexText, form)
    const sums = await finishReadBack(dir, { meant, readBack, indexFile, form, counts: body.body.counts }, input)
    throwIfAborted(signal)
    const files = [{ name: meant.fileName, ...sums }, indexFile]
    const plain = makeManifest({ input, description, body, ends, files: files.map(toPlain) })
    const { manifest, bytes } = await writeManifest(dir, plain, files, form)
    await syncDir(dir)
    return { manifest, archiveBytes: manifest.files.reduce((sum, each) => sum + each.bytes, bytes) }
  } finally {
    await readBack?.close()
    await file.close()
  }
}

/** All that is on the disk has been read again and is what was meant when this gives the SHA-256 of the snapshot. */
async function finishReadBack(
  dir: string,
  written: {
    meant: MeantSnapshot
    readBack: BodyReadBack
    indexFile: WrittenFile
    form: FileForm
    counts: BodyCounts
  },
  input: WriteArchiveInput,
): Promise<FileSums> {
  const { meant, readBack, indexFile, form, counts } = written
  const { keys } = form
  const report = ({ records, dataBytes }: BodyCheck) =>
    input.onProgress?.({ phase: 'reading-back', znodes: records, dataBytes, archiveBytes: meant.bytes })
  readBack.onProgress = report
  const [body, sums] = await Promise.all([readBack.finish(), hashWritten(dir, meant, { keys, signal: input.signal })])
  report(body)
  await checkEnds(dir, meant, body, keys)
  await checkIndex(dir, meant, { fileName: indexFile.name, sha256: toPlain(indexFile).sha256, keys })
  assertSame(
    'the snapshot',
    { znodes: body.records, dataBytes: body.dataBytes, ephemerals: body.byKind.ephemeral },
    { znodes: counts.znodes, dataBytes: counts.dataBytes, ephemerals: counts.byKind.ephemeral },
  )
  return sums
}

function makeManifest(parts: {
  input: WriteArchiveInput
  description: ArchiveDescription
  body: WrittenBody
  ends: SnapshotEnds
  files: readonly WrittenFile[]
}): Manifest {
  const { input, description, body, ends, files } = parts
  const { counts } = body.body
  const unreadable = [...new Set([...description.unreadable, ...body.unreadable])].sort(comparePaths)
  const zxid = formatHex64(description.zxid)
  return manifestSchema.parse({
    schema: 1,
    arkeeper: packageJson.version,
    id: randomUUID(),
    cluster: description.cluster,
    source: description.source,
    zookeeperVersion: description.zookeeperVersion,
    status: unreadable.length > 0 || body.maskedAclTotal > 0 ? 'partial' : 'complete',
    scope: description.scope,
    zxid,
    consistency: description.consistency,
    fidelity: {
      persistent: counts.byKind.persistent,
      ephemeral: counts.byKind.ephemeral,
      container: counts.byKind.container,
      ttl: counts.byKind.ttl,
      unknownKind: counts.byKind.unknown,
      unreadable,
      maskedAcl: body.maskedAcl,
      ...(body.maskedAclTotal > LISTED_PATHS_MAX ? { maskedAclTotal: body.maskedAclTotal } : {}),
      sequenceCounters: counts.sequenceCounters,
      sequenceParents: body.counters.listed,
      ...(body.counters.total > LISTED_PATHS_MAX ? { sequenceParentsTotal: body.counters.total } : {}),
      ...findDeadOwners(description, body.body.owners),
    },
    znodes: counts.znodes,
    dataBytes: counts.dataBytes,
    digest: { version: 2, zxid, computed: formatHex64(ends.digest) },
    takenAtMs: input.startedAtMs,
    durationMs: Math.max(0, Math.round(input.now() - input.startedAtMs)),
    files,
    ...(description.note === undefined ? {} : { note: description.note }),
    ...(description.import === undefined ? {} : { import: description.import }),
  })
}

/**
 * Only of one state: in a fuzzy one, an owner that is not in the list of sessions may have come after the list was written, and so may one
 * that was read again.
 */
function findDeadOwners(
  { sessions, consistency }: ArchiveDescription,
  owners: ReadonlySet<bigint>,
): Pick<Manifest['fidelity'], 'deadOwners'> {
  if (sessions === undefined || consistency.class !== 'exact' || consistency.proof === 'converged') return {}
  return { deadOwners: [...owners].filter((owner) => !sessions.has(owner)).map(formatHex64) }
}

/** `20261123T165341Z-1a`: sorts by time, tells the zxid. */
function archiveName(startedAtMs: number, zxidHex: string): string {
  const time = new Date(startedAtMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `${time}-${zxidHex.slice(2)}`
}

/** The rename that makes the archive appear. Two backups of one second at one zxid get a counter behind the name. */
export async function publish(tempDir: string, parentDir: string, name: string): Promise<string> {
  for (let n = 1; n <= NAMES_MAX; n++) {
    const dir = join(parentDir, laterName(name, n - 1))
    try {
      await rename(tempDir, dir)
      return dir
    } catch (error) {
      if (!isErrnoError(error) || (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')) throw error
    }
  }
  throw new ArchiveError('IO', `${NAMES_MAX} archives of the name ${name} exist already in ${parentDir}`)
}
