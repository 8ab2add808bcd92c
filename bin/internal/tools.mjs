import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, generateClients, prepare } from './build.mjs'
import { findUnlicensed, findUnsealed } from './dependencies.mjs'
import { say, warn } from './output.mjs'
import { writePostgresqlSchema } from './prisma-schema.mjs'
import { runVisible } from './processes.mjs'
import { DIST_DIR, inProject } from './project.mjs'
import { fetchS3Server } from './s3-server.mjs'
import { ensureSystemPackages } from './system-packages.mjs'
import { npmCommand } from './toolchain.mjs'
import { writeTwins } from './twins.mjs'
import { fetchNewest } from './zookeepers.mjs'

const HOUR_MS = 60 * 60_000

/** The benchmarks: `npm run bench -- <what they take>`. */
export async function bench(words) {
  const tools = await prepare({ withBuild: false })
  const env = await ensureSystemPackages(['java', 'zookeeper'], tools.env)
  const follow = { 'bench-worker': 'lib/worker/main.ts', 'bench-follow-worker': 'e2e/bench/follow-worker.ts' }
  await bundle(tools, { bench: 'e2e/bench/main.ts', ...follow })
  return run(tools.node, [join(DIST_DIR, 'bench.mjs'), ...words], env)
}

/** Damaged files against the readers: `npm run fuzz -- --minutes 10 --seed 7`. */
export async function fuzz(words) {
  const tools = await prepare({ withBuild: false })
  await bundle(tools, { fuzz: 'e2e/fuzz/main.ts' })
  return run(tools.node, [join(DIST_DIR, 'fuzz.mjs'), ...words], tools.env)
}

/** Faults at random instants of restores, on real servers: `npm run chaos -- --seed 7`. */
export async function chaos(words) {
  if (words[0] === 'fleet') return fleet(words.slice(1))
  if (words[0] === 'follow') return chaosOfFollow(words.slice(1))
  const tools = await prepare({ withBuild: false })
  const env = await ensureSystemPackages(['java', 'zookeeper'], tools.env)
  await fetchNewest(env)
  await bundle(tools, { chaos: 'e2e/chaos/main.ts', 'chaos-worker': 'lib/worker/main.ts' })
  return run(tools.node, [join(DIST_DIR, 'chaos.mjs'), ...words], env)
}

/** A whole installation on this machine whose processes are killed at random: `npm run chaos -- fleet --minutes 10`. */
async function fleet(words) {
  const tools = await prepare()
  const env = await ensureSystemPackages(['java', 'zookeeper', 'postgresql'], tools.env)
  await fetchS3Server(env)
  await bundle(tools, { fleet: 'e2e/fleet/main.ts' })
  return run(tools.node, [join(DIST_DIR, 'fleet.mjs'), ...words], env)
}

/** An hour of transactions through kills, members that come and go, and what a follow costs: `npm run chaos -- follow --minutes 4`. */
async function chaosOfFollow(words) {
  const tools = await prepare({ withBuild: false })
  const env = await ensureSystemPackages(['java', 'zookeeper'], tools.env)
  await fetchNewest(env)
  await bundle(tools, {
    'chaos-follow': 'e2e/follow/main.ts',
    'chaos-arkeeper': 'lib/cli/main.ts',
    'chaos-worker': 'lib/worker/main.ts',
  })
  return run(tools.node, [join(DIST_DIR, 'chaos-follow.mjs'), ...words], env)
}

/** What is known to be wrong with the packages that are shipped, asked of the registry; and what the lock file itself says of them. */
export async function audit() {
  const { env } = await prepare({ withBuild: false })
  const lock = JSON.parse(readFileSync(inProject('package-lock.json'), 'utf8'))
  const faults = [
    ...findUnlicensed(lock).map((name) => `licence not agreed to: ${name}`),
    ...findUnsealed(lock).map((name) => `not sealed by a hash: ${name}`),
  ]
  for (const fault of faults) warn(fault)
  const { command, args } = npmCommand(['audit', '--omit=dev', '--audit-level=high'])
  const code = await run(command, args, env)
  return faults.length > 0 ? 1 : code
}

/**
 * Prisma's command line with an engine that needs no download, for the database of DATABASE_URL: `npm run prisma -- migrate status`. And
 * one command of ours: `npm run prisma -- twins` writes what new migrations for SQLite need for PostgreSQL.
 */
export async function prisma(words) {
  if (words[0] === 'twins') {
    for (const name of writeTwins()) say(`prisma/migrations/postgresql/${name}: read it before it is committed`)
    return 0
  }
  const tools = await prepare({ withBuild: false })
  if (words[0] === 'generate') {
    await generateClients(tools)
    return 0
  }
  writePostgresqlSchema()
  return run(tools.node, [inProject('node_modules', 'prisma', 'build', 'index.js'), ...words], tools.env)
}

async function run(command, args, env) {
  const { code } = await runVisible({ command, args, env, timeoutMs: HOUR_MS })
  return code ?? 1
}
