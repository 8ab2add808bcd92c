import { createHash, randomUUID } from 'node:crypto'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import packageJson from '../../../package.json' with { type: 'json' }
import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64, formatHex64Bare } from '../../base/hex64.ts'
import { stringifyJson } from '../../base/json.ts'
import { makeDir } from '../../base/make-dir.ts'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { SnapshotEnds } from '../../domain/snapshot/write-snapshot.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { FileBytes } from './byte-source.ts'
import { type CheckedSnapshot, checkSnapshot } from './check-snapshot.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { compressMember } from './gzip-member.ts'
import { readAhead, readSpan } from './read-blocks.ts'
import { MANIFEST_FILE } from './read-manifest.ts'
import { readFileBytes } from './snapshot-file.ts'
import { formatIndex, INDEX_FILE, parseIndex, type SnapshotIndex, type Span } from './snapshot-index.ts'
import type { ArchiveDescription, WriteArchiveInput } from './store.ts'
import { makeTempDir, removeTree, syncDir } from './temp-dir.ts'
import { LISTED_PATHS_MAX, type WrittenBody, writeBody } from './write-body.ts'
import { NewFile, writeNewFile } from './write-file.ts'

const BODY_FILE = 'body'
const NAMES_MAX = 1000

interface WrittenFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/**
 * Writes one archive, whole or not at all: under a temporary name, flushed, read back, renamed. On any failure the temporary is removed
 * and the failure thrown: an ArchiveError for the file system (NO_SPACE, DENIED, IO), CancelledError, or what the stream threw.
 */
export async function writeArchive(input: WriteArchiveInput) {
  let tempDir: string | null = null
  try {
    throwIfAborted(input.signal)
    await makeDir(input.parentDir)
    tempDir = await makeTempDir(input.parentDir)
    const { manifest, archiveBytes } = await fillArchive(tempDir, input)
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

async function fillArchive(dir: string, input: WriteArchiveInput) {
  const bodyFile = await NewFile.create(join(dir, BODY_FILE))
  let body: WrittenBody
  try {
    body = await writeBody(bodyFile, input)
  } finally {
    await bodyFile.close()
  }
  const description = await input.describe()
  throwIfAborted(input.signal)
  const ends = body.body.finish(body.adler, description.sessions)
  const { file: snapshot, index } = await joinSnapshot(dir, description.zxid, body, ends, input.signal)
  const indexText = formatIndex(index, { snapshot: snapshot.name, snapshotBytes: snapshot.bytes })
  const indexFile = { name: INDEX_FILE, ...(await writeNewFile(join(dir, INDEX_FILE), indexText)) }
  await readBack(dir, { snapshot, indexFile, ends, body }, input)
  throwIfAborted(input.signal)
  const manifest = makeManifest({ input, description, body, ends, files: [snapshot, indexFile] })
  const text = `${stringifyJson(manifest, 2)}\n`
  const { bytes } = await writeNewFile(join(dir, MANIFEST_FILE), text)
  await syncDir(dir)
  return { manifest, archiveBytes: snapshot.bytes + indexFile.bytes + bytes }
}

/** Puts the tables, known only now, in front of the body, and the seal behind it. */
async function joinSnapshot(
  dir: string,
  zxid: bigint,
  written: WrittenBody,
  ends: SnapshotEnds,
  signal: AbortSignal | undefined,
): Promise<{ file: WrittenFile; index: SnapshotIndex }> {
  const name = `snapshot.${formatHex64Bare(zxid)}.gz`
  const file = await NewFile.create(join(dir, name))
  try {
    const { member: head } = await compressMember(ends.head)
    const { member: tail } = await compressMember(ends.tail)
    await file.write(head)
    const bodyPath = join(dir, BODY_FILE)
    for await (const chunk of readFileBytes(bodyPath)) {
      throwIfAborted(signal)
      await file.write(chunk)
    }
    const tailOffset = file.bytes
    await file.write(tail)
    await rm(bodyPath)
    const rawHead = ends.head.length
    const index: SnapshotIndex = {
      compression: 'gzip',
      head: { offset: 0, length: head.length, rawOffset: 0, rawLength: rawHead },
      blocks: written.blocks.map((block) => ({
        ...block,
        offset: block.offset + head.length,
        rawOffset: block.rawOffset + rawHead,
      })),
      tail: {
        offset: tailOffset,
        length: tail.length,
        rawOffset: ends.bytes - ends.tail.length,
        rawLength: ends.tail.length,
      },
      parents: written.parents,
    }
    const { bytes } = file
    return { file: { name, bytes, sha256: await file.finish() }, index }
  } finally {
    await file.close()
  }
}

interface Written {
  readonly snapshot: WrittenFile
  readonly indexFile: WrittenFile
  readonly ends: SnapshotEnds
  readonly body: WrittenBody
}

/** Reads everything again, through the index as it lies on the disk, and compares with what was meant to be written. */
async function readBack(dir: string, written: Written, input: WriteArchiveInput): Promise<void> {
  const { snapshot, indexFile, ends, body } = written
  const indexBytes = await readFile(join(dir, INDEX_FILE))
  const index = parseIndex(indexBytes.toString(), { snapshot: snapshot.name, snapshotBytes: snapshot.bytes })
  assertSame(
    'the index',
    { sha256: sha256Of(indexBytes), sound: index !== null },
    { sha256: indexFile.sha256, sound: true },
  )
  if (index === null) return
  const source = await FileBytes.open(join(dir, snapshot.name))
  const hash = createHash('sha256')
  const spans: Span[] = [index.head, ...index.blocks, index.tail]
  // Spans are read ahead in any order; the hash must see them in the order of the file.
  const packed = new Map<number, Buffer>()
  const raws = readAhead(
    spans,
    (span) => readSpan(source, index, span, (bytes) => packed.set(span.offset, bytes)),
    input.signal,
  )
  async function* hashed() {
    let next = 0
    for await (const raw of raws) {
      const { offset } = spans[next++]!
      hash.update(packed.get(offset)!)
      packed.delete(offset)
      yield raw
    }
  }
  let checked: CheckedSnapshot
  try {
    checked = await checkSnapshot(hashed(), {
      order: 'path',
      signal: input.signal,
      onProgress: (znodes, dataBytes) =>
        input.onProgress?.({ phase: 'reading-back', znodes, dataBytes, archiveBytes: snapshot.bytes }),
    })
  } catch (error) {
    throw error instanceof CancelledError || !isArkeeperError(error) ? error : readBackFailure(error.message, error)
  } finally {
    await source.close()
  }
  const { counts } = body.body
  assertSame(
    'the snapshot',
    {
      sha256: hash.digest('hex'),
      checksum: checked.tail.checksum.computed,
      bytes: checked.tail.bytes,
      znodes: checked.znodes,
      dataBytes: checked.dataBytes,
      ephemerals: checked.byKind.ephemeral,
    },
    {
      sha256: snapshot.sha256,
      checksum: ends.checksum,
      bytes: ends.bytes,
      znodes: counts.znodes,
      dataBytes: counts.dataBytes,
      ephemerals: counts.byKind.ephemeral,
    },
  )
}

function assertSame(what: string, found: Record<string, unknown>, expected: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (found[name] !== value) throw readBackFailure(`${name} of ${what} is ${found[name]} instead of ${value}`)
  }
}

function readBackFailure(message: string, cause?: unknown): ArchiveError {
  return new ArchiveError('READ_BACK_FAILED', `what was read back is not what was written: ${message}`, {
    remedy: 'check the disk of the store, then take the backup again',
    cause,
  })
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
    },
    znodes: counts.znodes,
    dataBytes: counts.dataBytes,
    digest: { version: 2, zxid, computed: formatHex64(ends.digest) },
    takenAtMs: input.startedAtMs,
    durationMs: Math.max(0, Math.round(input.now() - input.startedAtMs)),
    files,
    ...(description.note === undefined ? {} : { note: description.note }),
  })
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** `20261123T165341Z-1a`: sorts by time, tells the zxid. */
function archiveName(startedAtMs: number, zxidHex: string): string {
  const time = new Date(startedAtMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `${time}-${zxidHex.slice(2)}`
}

/** The rename that makes the archive appear. Two backups of one second at one zxid get a counter behind the name. */
async function publish(tempDir: string, parentDir: string, name: string): Promise<string> {
  for (let n = 1; n <= NAMES_MAX; n++) {
    const dir = join(parentDir, n === 1 ? name : `${name}-${n}`)
    try {
      await rename(tempDir, dir)
      return dir
    } catch (error) {
      if (!isErrnoError(error) || (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')) throw error
    }
  }
  throw new ArchiveError('IO', `${NAMES_MAX} archives of the name ${name} exist already in ${parentDir}`)
}
