import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepare } from './build.mjs'
import { Failure } from './failure.mjs'
import { say, warn } from './output.mjs'
import { explain, runLogged, runVisible } from './processes.mjs'
import { inProject, TOOLCHAIN_DIR } from './project.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

/** Where lib/testing/zookeeper-server.ts looks for servers of other versions: one folder of jars each. */
export const ZOOKEEPERS_DIR = join(TOOLCHAIN_DIR, 'zookeeper')
const VERSIONS_FILE = inProject('lib', 'testing', 'zookeeper-versions.json')
const MATRIX = 'lib/adapters/archive/every-version.int.test.ts'
const FETCH_TIMEOUT_MS = 5 * 60_000
const MATRIX_TIMEOUT_MS = 20 * 60_000

/**
 * `npm run zookeepers`: fetches one server of each line by Maven, where it is there and reaches a repository, and runs the matrix of
 * versions with what is in the cache. A version that cannot be fetched is named and left out; only a failed test fails the command.
 */
export async function zookeepers() {
  const tools = await prepare({ withBuild: false })
  const env = await ensureSystemPackages(['java', 'zookeeper'], tools.env)
  for (const version of JSON.parse(readFileSync(VERSIONS_FILE, 'utf8'))) await fetchVersion(version, env)
  const args = [inProject('node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'integration', MATRIX]
  const outcome = await runVisible({ command: tools.node, args, env, timeoutMs: MATRIX_TIMEOUT_MS })
  if (outcome.code === null) warn(`the matrix ${explain(outcome, MATRIX_TIMEOUT_MS)}`)
  return outcome.code ?? 1
}

/** What the tests of newer servers need; they are skipped by name where it cannot be had. Gives what `fetchJars` gives. */
export function fetchNewest(env) {
  const versions = JSON.parse(readFileSync(VERSIONS_FILE, 'utf8'))
  return fetchVersion(versions.at(-1), env)
}

function fetchVersion(version, env) {
  return fetchJars({ name: `ZooKeeper ${version}`, dir: join(ZOOKEEPERS_DIR, version), pom: pomOf(version), env })
}

/**
 * A server of Java as a folder of jars, by Maven, which is installed where that is ours to do and which has to reach a repository. Gives
 * null, or the line that says which server could not be had, and why.
 */
export async function fetchJars({ name, dir, pom, env }) {
  if (existsSync(dir)) {
    say(`${name}: in the cache`)
    return null
  }
  const why = await ensureMaven(env)
  if (why !== null) return skipped(name, why)
  // Under another name until all jars are there: a folder of this name is a whole server.
  const part = `${dir}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  writeFileSync(join(part, 'pom.xml'), pom)
  const outcome = await runLogged({
    title: `fetching ${name} (mvn)`,
    log: name.toLowerCase().replaceAll(' ', '-'),
    command: 'mvn',
    args: ['--batch-mode', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${part}`],
    cwd: part,
    env,
    timeoutMs: FETCH_TIMEOUT_MS,
  })
  if (outcome.ok) {
    renameSync(part, dir)
    return null
  }
  rmSync(part, { recursive: true, force: true })
  return skipped(name, `Maven ${outcome.why}; see ${outcome.file}`)
}

async function ensureMaven(env) {
  try {
    await ensureSystemPackages(['maven'], env)
    return null
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error.message
  }
}

function skipped(name, why) {
  const line = `the tests on ${name} are skipped: ${why}`
  warn(line)
  return line
}

const ADMIN_SERVER = [
  ['org.eclipse.jetty', 'jetty-server', '9.4.57.v20241219'],
  ['org.eclipse.jetty', 'jetty-servlet', '9.4.57.v20241219'],
  ['com.fasterxml.jackson.core', 'jackson-databind', '2.15.2'],
]

/** The server, and what it needs at run time without naming it: metrics and snappy since 3.6, a logger that prints to us. */
function pomOf(version) {
  const logging = version.startsWith('3.9.') ? '2.0.13' : '1.7.36'
  const dependencies = [
    ['org.apache.zookeeper', 'zookeeper', version],
    ['io.dropwizard.metrics', 'metrics-core', '4.1.12.1'],
    ['org.xerial.snappy', 'snappy-java', '1.1.10.5'],
    ['org.slf4j', 'slf4j-simple', logging],
    ['commons-cli', 'commons-cli', '1.5.0'],
    // The AdminServer, whose snapshot and restore came with 3.9.
    ...(version.startsWith('3.9.') ? ADMIN_SERVER : []),
  ]
  // Native TLS of every platform, and the loggers that would be taken instead of ours.
  const excluded = [
    ['io.netty', 'netty-tcnative-boringssl-static'],
    ['ch.qos.logback', '*'],
    ['org.slf4j', 'slf4j-log4j12'],
  ]
  const exclusions = excluded
    .map(([group, name]) => `<exclusion><groupId>${group}</groupId><artifactId>${name}</artifactId></exclusion>`)
    .join('')
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    `<groupId>arkeeper</groupId><artifactId>zookeeper-${version}</artifactId><version>1</version><packaging>pom</packaging>`,
    '<dependencies>',
    ...dependencies.map(
      ([group, name, number]) =>
        `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${number}</version>` +
        `<exclusions>${exclusions}</exclusions></dependency>`,
    ),
    '</dependencies></project>\n',
  ].join('\n')
}
