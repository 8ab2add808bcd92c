import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from './failure.mjs'
import { formatSeconds, lastLines, say } from './output.mjs'
import { LOG_DIR, ROOT } from './project.mjs'

const GROUPS = process.platform !== 'win32'
const STEP_GRACE_MS = 5_000

/** Every process that we started and that has not ended yet. */
const live = new Set()
let onStop = null
let stopping = false

/** Starts a program as the leader of a group of its own, so that whatever it starts can be ended with it. */
export function launch(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
    detached: GROUPS,
  })
  live.add(child)
  child.ended = new Promise((resolve) => {
    const end = (outcome) => {
      live.delete(child)
      killGroup(child)
      resolve(outcome)
    }
    child.once('exit', (code, signal) => end({ code, signal }))
    child.once('error', (error) => end({ code: null, signal: null, error }))
  })
  return child
}

/** SIGTERM to the program, and SIGKILL to what is left of its group after `graceMs` at the latest. Resolves when it is gone. */
export async function end(child, graceMs) {
  if (!live.has(child)) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => {
    killGroup(child)
    child.kill('SIGKILL')
  }, graceMs)
  await child.ended
  clearTimeout(timer)
}

/** What a program leaves behind when it ends (a server that it had started) ends with it. */
function killGroup(child) {
  if (!GROUPS || child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}

/** While set, `stop` decides what a signal does. Without it the running step is ended and the run exits as a shell would say it. */
export function whenStopped(stop) {
  onStop = stop
}

/** Ctrl-C, a terminal that closes, `kill`, and an npm that was killed: all of them end what we started. */
export function exitOnSignal() {
  const stop = async (signal, exitCode) => {
    if (stopping) return
    stopping = true
    if (onStop) return onStop(signal)
    await Promise.all([...live].map((child) => end(child, STEP_GRACE_MS)))
    process.exit(exitCode)
  }
  process.on('SIGINT', () => stop('SIGINT', 130))
  process.on('SIGTERM', () => stop('SIGTERM', 143))
  process.on('SIGHUP', () => stop('SIGHUP', 129))
  process.on('exit', () => {
    for (const child of live) killGroup(child)
  })
  // A shell between npm and us does not pass a signal on: when it is gone, nobody waits for us any more.
  if (process.env.npm_lifecycle_event && GROUPS) {
    const parent = process.ppid
    setInterval(() => {
      if (process.ppid !== parent) stop('SIGHUP', 129)
    }, 500).unref()
  }
}

/**
 * Runs one step of the set-up with its output in a log file, and says it in one line; a Failure with the last lines of the log when it fails.
 * @param {{ title: string, log: string, command: string, args: string[], env?: object, cwd?: string, timeoutMs: number }} step
 */
export async function runStep({ title, log, command, args, env = process.env, cwd = ROOT, timeoutMs }) {
  const outcome = await runLogged({ title, log, command, args, env, cwd, timeoutMs })
  if (outcome.ok) return
  throw new Failure(
    `${title} ${outcome.why}; the end of ${outcome.file}:\n${lastLines(readFileSync(outcome.file, 'utf8'), 30)}`,
  )
}

/** Like runStep, for a step that may fail. */
export async function runLogged({ title, log, command, args, env = process.env, cwd = ROOT, timeoutMs }) {
  const file = join(LOG_DIR, `${log}.log`)
  mkdirSync(LOG_DIR, { recursive: true })
  const out = openSync(file, 'w')
  const startedAt = Date.now()
  say(`${title} …`)
  try {
    const child = launch(command, args, { cwd, env, stdio: ['ignore', out, out] })
    const outcome = await endedWithin(child, timeoutMs)
    if (outcome.code === 0) say(`${title}: ${formatSeconds(Date.now() - startedAt)}`)
    return { ok: outcome.code === 0, why: explain(outcome, timeoutMs), file }
  } finally {
    closeSync(out)
  }
}

/** Runs a program whose output is for the person in front; gives how it ended. */
export async function runVisible({ command, args, env = process.env, timeoutMs }) {
  return endedWithin(launch(command, args, { env }), timeoutMs)
}

async function endedWithin(child, timeoutMs) {
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end(child, STEP_GRACE_MS)
  }, timeoutMs)
  const outcome = await child.ended
  clearTimeout(timer)
  // The run is being ended by a signal: nothing that comes after this step may start.
  if (stopping && !onStop) await pause(STEP_GRACE_MS * 2)
  return { ...outcome, timedOut, code: timedOut ? null : outcome.code }
}

export function explain({ code, signal, error, timedOut }, timeoutMs) {
  if (timedOut) return `was ended after ${formatSeconds(timeoutMs)}`
  if (error)
    return error.code === 'ENOENT' ? `could not start: ${error.path} is missing` : `could not start: ${error.message}`
  return signal ? `was ended by ${signal}` : `failed with exit code ${code}`
}
