import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { Failure } from './failure.mjs'
import { runStep } from './processes.mjs'
import { inProject, TOOLCHAIN_DIR } from './project.mjs'
import { ensureStamped, hashFile } from './stamp.mjs'

/** Fetched from npm when the running Node.js is too old; never in package.json, where it would be installed for everybody. */
const NODE_VERSION = '24.21.0'
const NODE_MINIMUM = [22, 15]
const INSTALL_TIMEOUT_MS = 10 * 60_000

const FETCHED_NODE = join(
  TOOLCHAIN_DIR,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
)

export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1])
}

/** The Node.js to run everything with, when it is already there; null otherwise. */
export function findNode() {
  if (isNewEnough(process.versions.node)) return process.execPath
  return existsSync(FETCHED_NODE) ? FETCHED_NODE : null
}

/** npm as the person runs it: its own script when npm started us, the one in PATH otherwise. */
export function npmCommand(args) {
  const script = process.env.npm_execpath
  if (script && /\.[cm]?js$/.test(script) && existsSync(script))
    return { command: process.execPath, args: [script, ...args] }
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args }
}

/** Node.js and the packages of the lock file; gives the environment for everything that runs after it. */
export async function ensureToolchain() {
  const node = findNode() ?? (await fetchNode())
  const env = {
    ...process.env,
    PATH: [dirname(node), inProject('node_modules', '.bin'), process.env.PATH].join(delimiter),
    NEXT_TELEMETRY_DISABLED: '1',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: inProject('bin', 'schema-engine.mjs'),
  }
  await installPackages(env)
  return { node, env }
}

async function fetchNode() {
  await runStep({
    title: `fetching Node.js ${NODE_VERSION} (the running one is ${process.versions.node})`,
    log: 'node',
    ...npmCommand([
      'install',
      '--prefix',
      TOOLCHAIN_DIR,
      '--no-audit',
      '--no-fund',
      '--ignore-scripts=false',
      `node@${NODE_VERSION}`,
    ]),
    timeoutMs: INSTALL_TIMEOUT_MS,
  })
  if (!existsSync(FETCHED_NODE)) {
    throw new Failure(
      `Node.js ${process.versions.node} is too old and npm brought no newer one: install Node.js ${NODE_MINIMUM.join('.')} or newer`,
    )
  }
  return FETCHED_NODE
}

async function installPackages(env) {
  await ensureStamped({
    file: inProject('node_modules', '.stamp'),
    wanted: hashFile(inProject('package-lock.json')),
    make: () =>
      runStep({
        title: 'installing packages (npm ci)',
        log: 'npm-ci',
        ...npmCommand(['ci', '--include=dev', '--no-audit', '--no-fund']),
        env,
        timeoutMs: INSTALL_TIMEOUT_MS,
      }),
  })
}
