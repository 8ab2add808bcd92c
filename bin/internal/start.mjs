import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { prepare } from './build.mjs'
import { Failure } from './failure.mjs'
import { takeLock } from './lock.mjs'
import { NODE_FLAGS, WORKER_MEMORY_ENV } from './node-flags.mjs'
import { lastLines, say, warn } from './output.mjs'
import { findFreePort, urlOf, whyNotFree } from './ports.mjs'
import { end, launch, runLogged, whenStopped } from './processes.mjs'
import { DIST_DIR, inProject } from './project.mjs'
import { keepRunning } from './supervise.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

const MIGRATE_TIMEOUT_MS = 5 * 60_000
const READY_TIMEOUT_MS = 120_000
const DEMO_TIMEOUT_MS = 300_000
const GRACE_MS = 10_000
const DEMO_PORT_FIRST = 21_811
const DEMO_PORT_FILE = 'demo-zookeeper-port'

/** Web server, workers and, for the demo, a ZooKeeper with sample data; runs until it is stopped. */
export async function start(options) {
  // The cheap refusals come before the minutes of installing and building.
  if (options.web) await assertPortFree(options)
  openDataDir(options.dataDir)
  const demoPort = options.demo ? await chooseDemoPort(options) : null
  const tools = await prepare({ basePath: options.basePath })
  const env = options.demo ? await ensureSystemPackages(['java', 'zookeeper'], tools.env) : tools.env
  const runEnv = environmentFor(env, options)
  await migrate({ ...tools, env: runEnv }, [join(DIST_DIR, 'migrate.mjs')])
  if (options.web) await assertPortFree(options)
  const setUpCode = options.demo || !options.web ? '' : await readSetUpCode(tools.node, runEnv)

  const program = (name, script, extra = {}) => ({
    name,
    start: (stdio) =>
      launch(
        tools.node,
        [...NODE_FLAGS, '--import', pathToFileURL(inProject('bin', 'internal', 'exit-with-parent.mjs')).href, script],
        {
          env: { ...runEnv, ...extra },
          stdio: [...(stdio ?? ['ignore', 'inherit', 'inherit']), 'ipc'],
        },
      ),
  })
  const programs = options.web ? [program('web', inProject('bin', 'internal', 'web.mjs'))] : []
  for (let i = 0; i < options.workers; i++)
    programs.push(
      program(options.workers > 1 ? `worker ${i + 1}` : 'worker', join(DIST_DIR, 'worker.mjs'), workerMemory(runEnv)),
    )
  const demo = options.demo
    ? readDemo(program('demo', join(DIST_DIR, 'demo.mjs'), { ARKEEPER_DEMO_ZK_PORT: String(demoPort) }))
    : null
  if (demo) programs.push(demo.program)
  return runUntilStopped(programs, options, demo, setUpCode)
}

/** What somebody has set himself stays. */
function workerMemory(env) {
  return Object.fromEntries(Object.entries(WORKER_MEMORY_ENV).filter(([name]) => env[name] === undefined))
}

/** The web server with reload and a worker that restarts when its source changes; no build. */
export async function dev(options) {
  await assertPortFree(options)
  openDataDir(options.dataDir)
  const { node, env } = await prepare({ withBuild: false })
  const runEnv = { ...environmentFor(env, options), NODE_ENV: 'development' }
  await migrate({ node, env: runEnv }, ['--import', 'tsx', inProject('lib', 'runtime', 'migrate-main.ts')])
  const next = inProject('node_modules', 'next', 'dist', 'bin', 'next')
  const tsx = inProject('node_modules', 'tsx', 'dist', 'cli.mjs')
  const programs = [
    {
      name: 'web',
      start: () => launch(node, [next, 'dev', '-H', options.host, '-p', String(options.port)], { env: runEnv }),
    },
  ]
  if (options.workers > 0) {
    const worker = inProject('lib', 'worker', 'main.ts')
    programs.push({
      name: 'worker',
      start: () => launch(node, [tsx, 'watch', '--clear-screen=false', worker], { env: runEnv }),
    })
  }
  return runUntilStopped(programs, options, null)
}

async function runUntilStopped(programs, options, demo, setUpCode = '') {
  const kept = []
  const stopAll = async () => {
    for (const program of kept) program.stop()
    await Promise.all(kept.map((program) => program.child && end(program.child, GRACE_MS)))
  }
  let onSignal
  const signalled = new Promise((resolve) => {
    onSignal = resolve
  })
  whenStopped(onSignal)
  try {
    for (const program of programs) kept.push(keepRunning(program))
    const url = urlOf(options.host, options.port) + options.basePath
    const ready = Promise.all([options.web ? waitForHealth(url, kept[0]) : null, demo?.ready ?? null])
    if ((await Promise.race([ready, signalled.then(() => 'stopped')])) !== 'stopped') {
      if (demo) for (const line of demo.lines) say(line)
      if (setUpCode) say(`set-up code, for the first administrator: ${setUpCode}`)
      say(options.web ? `ready: ${url}` : `working: ${options.workers} of them, no pages`)
      await signalled
    }
    await stopAll()
    return 0
  } catch (error) {
    await stopAll()
    throw error
  }
}

async function waitForHealth(url, web) {
  const giveUpAt = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < giveUpAt) {
    if (web.endings > 0) throw new Failure(`the web server ended before it was ready (${web.lastEnding})`)
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await pause(100)
  }
  throw new Failure(`the web server gave no good answer to ${url}/healthz within ${READY_TIMEOUT_MS / 1000} s`)
}

/** The demo's output up to its "demo ready" is kept back, so that the sign-in stands next to the address; later output goes through. */
function readDemo(program) {
  const lines = []
  let settle
  const ready = new Promise((resolve, reject) => {
    settle = { resolve, reject }
  })
  // It may fail before anybody waits for it; whoever does gets the same answer.
  ready.catch(() => undefined)
  const timer = setTimeout(
    () => settle.reject(new Failure(`the demo's ZooKeeper was not filled within ${DEMO_TIMEOUT_MS / 1000} s`)),
    DEMO_TIMEOUT_MS,
  )
  let isReady = false
  const start = () => {
    const child = program.start(['ignore', 'pipe', 'pipe'])
    let errors = ''
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (isReady) return
      if (line !== 'demo ready') return lines.push(line)
      isReady = true
      clearTimeout(timer)
      settle.resolve()
    })
    child.stderr.on('data', (chunk) => {
      if (isReady) process.stderr.write(chunk)
      else errors += chunk
    })
    child.ended.then(({ code, signal }) => {
      clearTimeout(timer)
      const why = lastLines(errors.trim() || lines.join('\n'), 20) || `ended with ${signal ?? code}`
      settle.reject(new Failure(`the demo cluster did not start: ${why}`))
    })
    return child
  }
  return { program: { name: 'demo', start }, lines, ready }
}

function environmentFor(env, options) {
  return {
    ...env,
    NODE_ENV: 'production',
    HOST: options.host,
    PORT: String(options.port),
    ARKEEPER_BASE_PATH: options.basePath,
    ARKEEPER_DATA_DIR: options.dataDir,
    ARKEEPER_WORKERS: String(options.workers),
  }
}

async function migrate({ node, env }, script) {
  // From here on everything that is made is for this user alone: keys, the catalog, archives.
  process.umask(0o077)
  const { ok, why, file } = await runLogged({
    title: 'checking the database',
    log: 'migrate',
    command: node,
    args: script,
    env,
    timeoutMs: MIGRATE_TIMEOUT_MS,
  })
  if (!ok)
    throw new Failure(
      `the database could not be brought up to date: ${lastLines(readFileSync(file, 'utf8'), 5) || why}`,
    )
}

/** Asked for on the set-up page where others can reach it; past every log, for it is a password while it lasts. */
async function readSetUpCode(node, env) {
  const child = launch(node, [join(DIST_DIR, 'set-up-code.mjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const { code } = await child.ended
  if (code !== 0) throw new Failure('whether this installation has an administrator could not be found out')
  return output.trim()
}

function openDataDir(dir) {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    chmodSync(dir, 0o700)
    const holder = takeLock(join(dir, 'run.lock'))
    if (holder !== null)
      throw new Failure(
        `${dir} is in use by process ${holder}: stop it, or choose another folder with ARKEEPER_DATA_DIR`,
      )
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`the data directory ${dir} cannot be used: ${error.message}`)
  }
}

async function assertPortFree({ host, port }) {
  const why = await whyNotFree(host, port)
  if (why === null) return
  if (why === 'EADDRINUSE')
    throw new Failure(`port ${port} on ${host} is taken: stop what listens there, or choose another with PORT=…`)
  if (why === 'EACCES')
    throw new Failure(`port ${port} may not be used by this user: choose one above 1023 with PORT=…`)
  throw new Failure(`cannot listen on ${host}:${port} (${why}): check HOST and PORT`)
}

/** The port is part of the demo cluster's address in the catalog, so it stays the same from run to run. */
async function chooseDemoPort({ dataDir, demoZooKeeperPort }) {
  const file = join(dataDir, DEMO_PORT_FILE)
  const remembered = existsSync(file) ? Number(readFileSync(file, 'utf8')) : null
  const port = demoZooKeeperPort ?? (remembered || (await findFreePort('127.0.0.1', DEMO_PORT_FIRST)))
  if (port === null) throw new Failure('no free port was found for the demo: name one with ARKEEPER_DEMO_ZK_PORT=…')
  if ((await whyNotFree('127.0.0.1', port)) !== null) {
    throw new Failure(
      `port ${port}, the demo ZooKeeper's, is taken: stop what listens there, or remove ${dataDir} to start afresh`,
    )
  }
  if (remembered !== null && remembered !== port) warn(`the demo cluster in the catalog still names port ${remembered}`)
  writeFileSync(file, `${port}\n`)
  return port
}
