import { type FileHandle, open, opendir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Member } from '../../adapters/members/members.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { parseServerFile, type ServerFile } from '../../domain/retention/server-file.ts'
import { looksValid, probeOf } from '../../domain/retention/valid-looking.ts'
import { MemberFilesError } from './errors.ts'

/** Both kinds lie in it, under dataDir and under dataLogDir. */
const VERSION_DIR = 'version-2'
/** A directory with more entries is no data directory that works. */
const ENTRIES_MAX = 20_000
const BLOCK_BYTES = 512

export interface FileOnDisk {
  readonly file: ServerFile
  readonly path: string
  /** As `ls` shows it: of a log with its padding. */
  readonly sizeBytes: number
  /** What the disk gives to it: padding that was never written takes nothing. */
  readonly diskBytes: number
  readonly modifiedMs: number
}

export interface SnapshotOnDisk extends FileOnDisk {
  /** As the server's own pre-check has it, which is what a purge goes by. */
  readonly isValid: boolean
}

export interface FileSystemSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface MemberFiles {
  readonly snapshotDir: string
  readonly logDir: string
  /** Newest first. */
  readonly snapshots: readonly SnapshotOnDisk[]
  readonly logs: readonly FileOnDisk[]
  /** Snapshots in the log directory or logs in the snapshot directory: with two directories they keep the server from starting. */
  readonly misplaced: readonly string[]
  readonly space: FileSystemSpace
  /** Null where both lie on the same file system. */
  readonly logSpace: FileSystemSpace | null
}

/** Looks into the member's directories: names, sizes and a few bytes of each snapshot. Throws MemberFilesError. */
export async function readMemberFiles(
  member: Pick<Member, 'dataDir' | 'dataLogDir'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<MemberFiles> {
  const snapshotDir = join(/* turbopackIgnore: true */ member.dataDir, VERSION_DIR)
  const logDir = join(/* turbopackIgnore: true */ member.dataLogDir, VERSION_DIR)
  const isOne = snapshotDir === logDir
  const inSnapshotDir = await listDir(snapshotDir, options.signal)
  const inLogDir = isOne ? inSnapshotDir : await listDir(logDir, options.signal)
  const snapshots: SnapshotOnDisk[] = []
  for (const each of inSnapshotDir) {
    throwIfAborted(options.signal)
    if (each.file.kind === 'snapshot') snapshots.push({ ...each, isValid: await probe(each) })
  }
  const misplaced = isOne
    ? []
    : [
        ...inSnapshotDir.filter(({ file }) => file.kind === 'log'),
        ...inLogDir.filter(({ file }) => file.kind === 'snapshot'),
      ]
  const [space, logSpace] = await Promise.all([spaceOf(snapshotDir), spaceOf(logDir)])
  const isOneFileSystem = isOne || (await deviceOf(snapshotDir)) === (await deviceOf(logDir))
  return {
    snapshotDir,
    logDir,
    snapshots: snapshots.sort(newestFirst),
    logs: inLogDir.filter(({ file }) => file.kind === 'log').sort(newestFirst),
    misplaced: misplaced.map(({ path }) => path),
    space,
    logSpace: isOneFileSystem ? null : logSpace,
  }
}

async function listDir(dir: string, signal: AbortSignal | undefined): Promise<FileOnDisk[]> {
  const found: FileOnDisk[] = []
  try {
    let entries = 0
    // Closed by the loop, however it ends.
    for await (const entry of await opendir(dir)) {
      throwIfAborted(signal)
      if (++entries > ENTRIES_MAX) throw tooFull(dir)
      const file = parseServerFile(entry.name)
      if (file === null || !(entry.isFile() || entry.isSymbolicLink())) continue
      const path = join(/* turbopackIgnore: true */ dir, entry.name)
      const facts = await statOrGone(path)
      if (facts === null || !facts.isFile()) continue
      found.push({
        file,
        path,
        sizeBytes: facts.size,
        diskBytes: facts.blocks * BLOCK_BYTES,
        modifiedMs: Math.round(facts.mtimeMs),
      })
    }
  } catch (error) {
    throw toFilesError(error, dir)
  }
  return found
}

/** Null for what a purge has deleted since the directory was listed. */
async function statOrGone(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** False also for a file that went meanwhile or may not be read: a server that cannot read it does not count it either. */
async function probe({ file, path, sizeBytes }: FileOnDisk): Promise<boolean> {
  const { at, bytes } = probeOf(file.packing)
  if (file.zxid === null || sizeBytes < bytes) return false
  let handle: FileHandle | null = null
  try {
    handle = await open(path, 'r')
    const buffer = Buffer.alloc(bytes)
    const { bytesRead } = await handle.read(buffer, 0, bytes, at === 'start' ? 0 : sizeBytes - bytes)
    return looksValid(file.packing, sizeBytes, buffer.subarray(0, bytesRead))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return false
    throw toFilesError(error, path)
  } finally {
    await handle?.close()
  }
}

async function spaceOf(dir: string): Promise<FileSystemSpace> {
  try {
    const { bsize, bavail, blocks } = await statfs(dir)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch (error) {
    throw toFilesError(error, dir)
  }
}

async function deviceOf(dir: string): Promise<number> {
  try {
    return (await stat(dir)).dev
  } catch (error) {
    throw toFilesError(error, dir)
  }
}

function newestFirst(a: FileOnDisk, b: FileOnDisk): number {
  const [left, right] = [a.file.zxid ?? -1n, b.file.zxid ?? -1n]
  return left < right ? 1 : left > right ? -1 : a.file.name < b.file.name ? -1 : 1
}

export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

function toFilesError(error: unknown, path: string): unknown {
  const unaffected = 'the member goes on as before; nothing is ever written there from this page'
  const options = { unaffected, details: { dir: path }, cause: error }
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new MemberFilesError('MEMBER_DIR_MISSING', `There is no directory ${path} on this host`, {
        ...options,
        remedy: 'check dataDir and dataLogDir of the member in the configuration file of the Arkeeper server',
      })
    case 'EACCES':
    case 'EPERM':
      return new MemberFilesError('MEMBER_DIR_DENIED', `Arkeeper may not read ${path}`, {
        ...options,
        remedy:
          'let the user that Arkeeper runs as read the directory and its files, for example through the group of the ZooKeeper user',
      })
    case null:
      return error
    default:
      return error instanceof MemberFilesError || codeOf(error) === 'CANCELLED'
        ? error
        : new MemberFilesError('MEMBER_DIR_UNREADABLE', `${path} cannot be read (${codeOf(error)})`, {
            ...options,
            remedy: 'look at the disk or the mount behind it',
          })
  }
}

function tooFull(dir: string): MemberFilesError {
  return new MemberFilesError('MEMBER_DIR_TOO_FULL', `${dir} has more than ${ENTRIES_MAX} entries`, {
    unaffected: 'the member goes on as before',
    remedy: 'switch autopurge on, or look whether this is a data directory of ZooKeeper',
    details: { dir },
  })
}
