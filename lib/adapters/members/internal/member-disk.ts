import { createReadStream } from 'node:fs'
import { readdir, readFile, readlink, realpath, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseHex64 } from '../../../base/hex64.ts'
import { LogReader } from '../../../domain/txnlog/read-log.ts'
import { MembersError } from '../errors.ts'
import type { MemberDisk } from '../member-machine.ts'
import type { Member } from '../members.ts'

export const VERSION_DIR = 'version-2'
/** As ZooKeeper takes them: whatever stands behind the second dot, so `snapshot.153.bak` is a live file. */
export const isSnapshotName = (name: string) => name.startsWith('snapshot.')
export const isLogName = (name: string) => name.startsWith('log.')
export const isLiveName = (name: string) => isSnapshotName(name) || isLogName(name)

export async function inspectDisk(member: Member): Promise<MemberDisk> {
  try {
    const dataDir = join(member.dataDir, VERSION_DIR)
    const logDir = join(member.dataLogDir, VERSION_DIR)
    const inData = await listLive(dataDir)
    const inLogs = logDir === dataDir ? inData : await listLive(logDir)
    const snapshots = inData.filter(isSnapshotName)
    const logs = inLogs.filter(isLogName)
    const misplaced =
      logDir === dataDir
        ? []
        : [
            ...inData.filter(isLogName).map((name) => join(dataDir, name)),
            ...inLogs.filter(isSnapshotName).map((name) => join(logDir, name)),
          ]
    const space = await statfs(member.dataDir, { bigint: true })
    const faults = await Promise.all([...new Set([dataDir, logDir])].map(findFault))
    const held = await findStat(dataDir)
    return {
      snapshots,
      logs,
      misplaced,
      lastZxid: highest([
        ...snapshots.map(zxidOf),
        ...logs.map(zxidOf),
        await lastLogZxid(logs.map((name) => join(logDir, name))),
      ]),
      currentEpoch: await readEpoch(join(dataDir, 'currentEpoch')),
      acceptedEpoch: await readEpoch(join(dataDir, 'acceptedEpoch')),
      myid: (await readText(join(member.dataDir, 'myid')))?.trim() ?? null,
      owner: held && { uid: held.uid, gid: held.gid },
      freeBytes: space.bavail * space.bsize,
      self: { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 },
      fault: faults.find((fault) => fault !== null) ?? null,
    }
  } catch (cause) {
    throw new MembersError('MEMBER_UNREADABLE', `The directories of ${member.name} cannot be read: ${wordsOf(cause)}`, {
      unaffected: 'nothing was changed there',
      remedy:
        'check the paths in the configuration file and that the user that Arkeeper runs as may read and write them',
      cause,
    })
  }
}

export async function listLive(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.flatMap((entry) => (!entry.isDirectory() && isLiveName(entry.name) ? [entry.name] : [])).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** A process that has a file of the member's directories open; null when none is seen. Processes of others may be out of sight. */
export async function findHolder(member: Member): Promise<{ readonly pid: string; readonly file: string } | null> {
  const dirs = await Promise.all(
    [member.dataDir, member.dataLogDir].map((dir) => realpath(join(dir, VERSION_DIR)).catch(() => null)),
  )
  const prefixes = dirs.flatMap((dir) => (dir === null ? [] : [`${dir}/`]))
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (Number(pid) === process.pid) continue
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const fd of fds) {
      const file = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      const isLive = prefixes.some((prefix) => file.startsWith(prefix) && isLiveName(file.slice(prefix.length)))
      if (isLive && (await isForWriting(pid, fd))) return { pid, file }
    }
  }
  return null
}

/** Whoever only reads, a backup agent for example, is no server. */
async function isForWriting(pid: string, fd: string): Promise<boolean> {
  const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => '')
  const flags = /^flags:\s*([0-7]+)/m.exec(info)
  return flags !== null && (Number.parseInt(flags[1] ?? '0', 8) & 3) !== 0
}

/** Files are moved by renaming, which works within one file system only. */
async function findFault(dir: string): Promise<string | null> {
  const inside = await findStat(dir)
  if (inside === null) return null
  const real = await realpath(dir)
  const beside = await stat(dirname(real))
  return inside.dev === beside.dev ? null : `${real} is a mount point of its own: files cannot be renamed out of it`
}

async function findStat(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/** Of the newest log that has an entry. A log that cannot be read to its end tells what it has up to there. */
async function lastLogZxid(files: readonly string[]): Promise<bigint | null> {
  const newestFirst = [...files].sort((a, b) => Number((zxidOf(b) ?? 0n) - (zxidOf(a) ?? 0n)))
  for (const file of newestFirst) {
    let last: bigint | null = null
    try {
      for await (const entries of new LogReader(createReadStream(file), { allowBareCheck: true }).readEntries()) {
        last = entries.at(-1)?.zxid ?? last
      }
    } catch (error) {
      if (last === null && isErrno(error, 'EACCES')) throw error
    }
    if (last !== null) return last
  }
  return null
}

function zxidOf(name: string): bigint | null {
  return parseHex64(name.split('/').at(-1)?.split('.')[1] ?? '')
}

function highest(zxids: readonly (bigint | null)[]): bigint | null {
  return zxids.reduce((a, b) => (b !== null && (a === null || b > a) ? b : a), null)
}

async function readEpoch(file: string): Promise<number | null> {
  const text = (await readText(file))?.trim()
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
