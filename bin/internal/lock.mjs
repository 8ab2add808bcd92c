import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Takes the lock file for this process: null when it was taken, or the pid of the running process that has it. */
export function takeLock(file) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const own = `${file}.${process.pid}`
  writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) }))
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        // A link appears whole or not at all, and only if nobody has the name.
        linkSync(own, file)
        process.once('exit', () => releaseLock(file))
        return null
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const holder = readHolder(file)
      if (holder && isRunning(holder)) return holder.pid
      dropStale(file, own)
    }
    return readHolder(file)?.pid ?? -1
  } finally {
    rmSync(own, { force: true })
  }
}

export function releaseLock(file) {
  if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true })
}

/** Moved aside first: between our look and our removal another run may have put its own lock there, which then goes back. */
function dropStale(file, own) {
  const aside = `${own}.stale`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  const moved = readHolder(aside)
  if (moved && isRunning(moved)) linkSync(aside, file)
  rmSync(aside, { force: true })
}

function readHolder(file) {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(file, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? { pid, startedAt } : null
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}

function isRunning({ pid, startedAt }) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  // After a restart of the machine the number may belong to something else.
  const now = startOf(pid)
  return now === null || startedAt === null || now === startedAt
}

/** When the process started, in clock ticks since the machine did, and which start of the machine that was; null where /proc is missing. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ESRCH') return null
    throw error
  }
}
