import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chown, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeDir } from '../../../base/make-dir.ts'
import { MembersError } from '../errors.ts'
import type { PutFile } from '../member-machine.ts'
import type { Member } from '../members.ts'
import { isErrno, listLive, VERSION_DIR, wordsOf } from './member-disk.ts'

const FILE_MODE = 0o640
const DIR_MODE = 0o750

type Body = { readonly body: () => AsyncIterable<Uint8Array> }

export function bringFile(member: Member, file: PutFile & Body): Promise<void> {
  return guarded(member, async () => {
    await ensureVersionDirs(member)
    const target = await incomingPath(member, file)
    if ((await sizeOf(target)) === file.bytes && (await hashOf(target)) === file.sha256) return
    // Ours alone: an earlier attempt that was cut short.
    await rm(target, { force: true })
    const handle = await open(target, 'wx', FILE_MODE)
    try {
      for await (const chunk of file.body()) await writeWhole(handle, chunk)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if ((await sizeOf(target)) !== file.bytes || (await hashOf(target)) !== file.sha256) {
      throw new MembersError(
        'MEMBER_FILE_DAMAGED',
        `What was written for ${member.name} does not read back as it was sent`,
        {
          unaffected: 'the files of the server were not touched',
          remedy: 'check the disk of that server',
        },
      )
    }
    await own(member, target)
    await syncDir(dirname(target))
  })
}

export function moveAside(member: Member, folder: string): Promise<number> {
  return guarded(member, async () => {
    let moved = 0
    for (const dir of await versionDirs(member)) {
      const names = await listLive(dir)
      const aside = asideOf(dir, folder)
      if (names.length > 0) await makeOwnedDir(member, aside)
      for (const name of names) {
        await renameToFree(member, join(dir, name), join(aside, name))
        moved++
      }
      if (names.length > 0) await syncDirs(dir, aside)
    }
    return moved
  })
}

export function placeFile(member: Member, file: PutFile): Promise<void> {
  return guarded(member, async () => {
    await ensureVersionDirs(member)
    const [dir = ''] = await versionDirs(member)
    const target = join(dir, file.name)
    for (const each of await versionDirs(member)) {
      const others = (await listLive(each)).filter((name) => join(each, name) !== target)
      if (others.length > 0) throw occupied(member, join(each, others[0]!))
    }
    if ((await sizeOf(target)) === file.bytes) return
    const incoming = await incomingPath(member, file)
    if ((await sizeOf(incoming)) !== file.bytes) {
      throw new MembersError('MEMBER_FILE_DAMAGED', `The snapshot that was brought to ${member.name} is gone`, {
        remedy: 'start the step again: it is brought anew',
      })
    }
    await renameToFree(member, incoming, target)
    await syncDirs(dir, dirname(incoming))
  })
}

export function moveBack(member: Member, folder: string): Promise<number> {
  return guarded(member, async () => {
    let moved = 0
    for (const dir of await versionDirs(member)) {
      const aside = asideOf(dir, folder)
      const names = await listLive(aside)
      for (const name of names) {
        await renameToFree(member, join(aside, name), join(dir, name))
        moved++
      }
      if (names.length > 0) await syncDirs(dir, aside)
    }
    return moved
  })
}

/** That of the snapshots first; one where both are the same. Links are followed, so that a rename stays on its file system. */
async function versionDirs(member: Member): Promise<string[]> {
  const dirs: string[] = []
  for (const parent of [member.dataDir, member.dataLogDir]) {
    const dir = join(parent, VERSION_DIR)
    const real = await realpath(dir).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return dir
      throw error
    })
    if (!dirs.includes(real)) dirs.push(real)
  }
  return dirs
}

/** Beside the directory. Where links lead several of them to siblings, each has a place of its own. */
function asideOf(dir: string, folder: string): string {
  return join(dirname(dir), basename(dir) === VERSION_DIR ? folder : `${folder}-${basename(dir)}`)
}

async function ensureVersionDirs(member: Member): Promise<void> {
  for (const dir of await versionDirs(member)) await makeOwnedDir(member, dir)
}

/** Does not begin with `snapshot.`, and lies beside `version-2`: no server takes it for a live file. */
async function incomingPath(member: Member, file: PutFile): Promise<string> {
  const [dir = ''] = await versionDirs(member)
  return asideOf(dir, `arkeeper-incoming-${file.sha256.slice(0, 12)}`)
}

/** A rename that never replaces anything. The servers are down and this job alone is at work, so that nothing comes in between. */
async function renameToFree(member: Member, from: string, to: string): Promise<void> {
  if (await exists(to)) throw occupied(member, to)
  await rename(from, to)
}

function occupied(member: Member, path: string): MembersError {
  return new MembersError('MEMBER_OCCUPIED', `${path} of ${member.name} is in the way`, {
    unaffected: 'it was neither moved nor replaced',
    remedy: 'see what wrote it: a server that was started meanwhile, or a person',
  })
}

async function makeOwnedDir(member: Member, dir: string): Promise<void> {
  if (await exists(dir)) return
  await makeDir(dir, DIR_MODE)
  await own(member, dir)
  await syncDir(dirname(dir))
}

async function own(member: Member, path: string): Promise<void> {
  if (member.owner) await chown(path, member.owner.uid, member.owner.gid)
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return hash.digest('hex')
}

async function writeWhole(handle: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten
}

async function syncDirs(...dirs: readonly string[]): Promise<void> {
  for (const dir of new Set(dirs)) await syncDir(dir)
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  await handle.sync().finally(() => handle.close())
}

async function guarded<T>(member: Member, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof MembersError) throw cause
    throw new MembersError('MEMBER_NOT_WRITABLE', `The files of ${member.name} cannot be handled: ${wordsOf(cause)}`, {
      remedy: 'check the rights and the space of its directories, then go on',
      cause,
    })
  }
}
