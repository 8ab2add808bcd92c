import { existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { tsconfigOf, webDirOf } from './base-path.mjs'
import { Failure } from './failure.mjs'
import { releaseLock, takeLock } from './lock.mjs'
import { say } from './output.mjs'
import { POSTGRESQL_SCHEMA, writePostgresqlSchema } from './prisma-schema.mjs'
import { runStep } from './processes.mjs'
import { DIST_DIR, inProject, ROOT, TOOLCHAIN_DIR } from './project.mjs'
import { ensureStamped, hashTree } from './stamp.mjs'
import { ensureToolchain } from './toolchain.mjs'

const GENERATED = 'lib/adapters/database/generated'
const GENERATED_POSTGRESQL = 'lib/adapters/database/postgresql/generated'
const BUILD_TIMEOUT_MS = 10 * 60_000
const STEP_TIMEOUT_MS = 2 * 60_000
const LOCK_WAIT_MS = 15 * 60_000

/** What the web server and the bundles are made of. Tests and the generated clients are not: the ones are not shipped, the others follow. */
const SOURCES = [
  'app',
  'lib',
  'prisma',
  'bin/internal/base-path.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'next.config.ts',
  'postcss.config.mjs',
]
export const isSource = (name) =>
  ![GENERATED, GENERATED_POSTGRESQL].some((dir) => name.startsWith(`${dir}/`)) &&
  !/\.(test|test-support)\.tsx?$/.test(name)

/** Name in dist/ → entry. Packages stay outside the bundles: they are found in node_modules. */
const BUNDLES = {
  worker: 'lib/worker/main.ts',
  front: 'lib/runtime/front/main.ts',
  'set-up-code': 'lib/runtime/set-up-code-main.ts',
  arkeeper: 'lib/cli/main.ts',
  demo: 'lib/testing/demo/main.ts',
  migrate: 'lib/runtime/migrate-main.ts',
}

/** Everything up to and including the build; a second time it is the reading of the sources that takes time. */
export async function prepare({ withBuild = true, basePath = '' } = {}) {
  return alone(async () => {
    const tools = await ensureToolchain()
    linkCommand()
    await generateClient(tools)
    if (withBuild) await build(tools, basePath)
    return tools
  })
}

export async function buildCommand({ basePath }) {
  await prepare({ basePath })
  say('built')
}

/** Two runs in one checkout must not install or build over each other. */
async function alone(work) {
  const lock = join(TOOLCHAIN_DIR, 'prepare.lock')
  const giveUpAt = Date.now() + LOCK_WAIT_MS
  let said = false
  for (let holder = takeLock(lock); holder !== null; holder = takeLock(lock)) {
    if (Date.now() > giveUpAt) throw new Failure(`process ${holder} has been installing or building here for too long`)
    if (!said) say(`waiting for process ${holder}, which installs or builds here …`)
    said = true
    await pause(250)
  }
  try {
    return await work()
  } finally {
    releaseLock(lock)
  }
}

/** `npx arkeeper …` finds the command here without asking a registry. */
function linkCommand() {
  const link = inProject('node_modules', '.bin', 'arkeeper')
  if (process.platform === 'win32' || lstatSync(link, { throwIfNoEntry: false })) return
  symlinkSync('../../bin/arkeeper', link)
}

/** The typed database clients, one for each database, made from the one schema. */
async function generateClient(tools) {
  await ensureStamped({
    file: inProject(GENERATED, '.stamp'),
    wanted: hashTree(ROOT, [
      'prisma/schema.prisma',
      'prisma.config.ts',
      'bin/internal/prisma-schema.mjs',
      'package-lock.json',
    ]),
    isThere: () =>
      [inProject(GENERATED, 'client.ts'), inProject(GENERATED_POSTGRESQL, 'client.ts'), POSTGRESQL_SCHEMA].every(
        (file) => existsSync(file),
      ),
    make: () => generateClients(tools),
  })
}

export async function generateClients({ node, env }) {
  writePostgresqlSchema()
  for (const [title, DATABASE_URL] of [
    ['generating the database client for SQLite', ''],
    ['generating the database client for PostgreSQL', 'postgresql://127.0.0.1/not-asked'],
  ]) {
    await runStep({
      title,
      log: 'prisma-generate',
      command: node,
      args: [inProject('node_modules', 'prisma', 'build', 'index.js'), 'generate'],
      env: { ...env, DATABASE_URL },
      timeoutMs: STEP_TIMEOUT_MS,
    })
  }
}

/** The bundles (dist) and the web server (.next, or one of its own for a base path), each when its sources or its settings have changed. */
async function build(tools, basePath) {
  // Taken before the build: what is edited while it runs makes the next run build again.
  const sources = hashTree(ROOT, SOURCES, isSource)
  await ensureStamped({
    file: join(DIST_DIR, '.stamp'),
    wanted: sources,
    isThere: () => Object.keys(BUNDLES).every((name) => existsSync(join(DIST_DIR, `${name}.mjs`))),
    make: async () => {
      rmSync(DIST_DIR, { recursive: true, force: true })
      await bundle(tools, BUNDLES)
    },
  })
  const webDir = inProject(webDirOf(basePath))
  await ensureStamped({
    file: join(webDir, '.stamp'),
    wanted: sources,
    isThere: () => existsSync(join(webDir, 'BUILD_ID')),
    make: () => {
      if (basePath) writeFileSync(inProject(tsconfigOf(basePath)), '{ "extends": "../tsconfig.json" }\n')
      return runStep({
        title: `building the web server (next build${basePath && ` for ${basePath}`})`,
        log: 'next-build',
        command: tools.node,
        args: [inProject('node_modules', 'next', 'dist', 'bin', 'next'), 'build'],
        env: { ...tools.env, NODE_ENV: 'production', ARKEEPER_BASE_PATH: basePath },
        timeoutMs: BUILD_TIMEOUT_MS,
      })
    },
  })
}

export async function bundle({ node, env }, entries) {
  for (const entry of Object.values(entries)) {
    if (!existsSync(inProject(entry))) throw new Failure(`${entry} is missing: this checkout is not complete`)
  }
  await runStep({
    title: `bundling ${Object.keys(entries).join(', ')}`,
    log: 'esbuild',
    command: node,
    args: [
      inProject('node_modules', 'esbuild', 'bin', 'esbuild'),
      ...Object.entries(entries).map(([name, entry]) => `${name}=${entry}`),
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--target=node22',
      '--packages=external',
      '--sourcemap',
      '--log-level=warning',
      `--outdir=${DIST_DIR}`,
      '--out-extension:.js=.mjs',
    ],
    env,
    timeoutMs: STEP_TIMEOUT_MS,
  })
}
