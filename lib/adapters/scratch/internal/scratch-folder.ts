import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { makeDir } from '../../../base/make-dir.ts'

const PID_FILE = 'pid'
// The name is taken apart at its dashes.
const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')

/** `drill-<pid>-<host>-<random>`: says which process may be asked whether it still works on it. */
export async function makeScratchFolder(parentDir: string): Promise<string> {
  await makeDir(parentDir, 0o700)
  const dir = join(parentDir, `drill-${process.pid}-${HOST}-${randomBytes(6).toString('hex')}`)
  await makeDir(dir, 0o700)
  return dir
}

export async function notePid(dir: string, pid: number): Promise<void> {
  await writeFile(join(dir, PID_FILE), String(pid))
}

export async function removeScratchFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}

/** The group ends with its watcher, so that nobody kills by a number that is given to another process. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: it is gone; EPERM: all that is left of it waits to be reaped (macOS).
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error
  }
}

export async function sweepScratchFolders(parentDir: string): Promise<number> {
  let swept = 0
  for (const name of await readdir(parentDir).catch(() => [])) {
    const owner = /^drill-(\d+)-([^-]+)-[0-9a-f]+$/.exec(name)
    if (!owner || owner[2] !== HOST || isAlive(Number(owner[1]))) continue
    const dir = join(parentDir, name)
    const pid = Number(await readFile(join(dir, PID_FILE), 'utf8').catch(() => ''))
    // A number may have been given to another process since: only one that was started on this very folder is ours.
    if (pid > 1 && (await commandOf(pid)).includes(name)) killGroup(pid)
    await removeScratchFolder(dir)
    swept++
  }
  return swept
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function commandOf(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'args=', '-ww', '-p', String(pid)], (error, stdout) => resolve(error ? '' : stdout))
  })
}
