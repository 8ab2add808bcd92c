import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { Failure } from './failure.mjs'
import { runLogged, runStep } from './processes.mjs'

const APT_TIMEOUT_MS = 10 * 60_000
const BREW_PREFIXES = ['/opt/homebrew/opt', '/usr/local/opt']
const DEBIAN_JARS = ['zookeeper', 'slf4j-simple', 'servlet-api'].map((name) => `/usr/share/java/${name}.jar`)

/** What the demo and the tests need from outside npm, and how each system calls it. */
const TOOLS = {
  java: {
    isThere: (env) => spawnSync('java', ['-version'], { env, stdio: 'ignore', timeout: 20_000 }).status === 0,
    debian: ['default-jre-headless'],
    brew: 'brew install openjdk',
  },
  zookeeper: {
    isThere: (env) => Boolean(env.ARKEEPER_ZOOKEEPER_CLASSPATH) || DEBIAN_JARS.every((jar) => existsSync(jar)),
    debian: ['zookeeper', 'libslf4j-java', 'libservlet-api-java'],
    brew: 'brew install zookeeper',
  },
  age: {
    isThere: (env) => spawnSync('age', ['--version'], { env, stdio: 'ignore', timeout: 20_000 }).status === 0,
    debian: ['age'],
    brew: 'brew install age',
  },
  maven: {
    isThere: (env) => spawnSync('mvn', ['--version'], { env, stdio: 'ignore', timeout: 60_000 }).status === 0,
    debian: ['maven'],
    brew: 'brew install maven',
  },
  postgresql: {
    isThere: (env) => hasPostgresql(env),
    debian: ['postgresql'],
    brew: 'brew install postgresql@17',
    beforeInstall: () => keepDebianFromServing(),
  },
  chromium: {
    isThere: (env) => findChromium(env) !== null,
    debian: ['chromium'],
    brew: 'npx playwright install chromium',
  },
}

/** The server's programs; lib/testing/postgresql-server.ts looks at the same places. */
function hasPostgresql(env) {
  const versions = ['/usr/lib/postgresql', ...BREW_PREFIXES]
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).map((name) => join(dir, name, 'bin')))
  return [...versions, ...(env.PATH ?? '').split(delimiter)].some((bin) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(bin, program))),
  )
}

/** Debian's package makes and starts a server of the system's, which nobody has asked for. */
function keepDebianFromServing() {
  const file = '/etc/postgresql-common/createcluster.conf'
  if (existsSync(file)) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, 'create_main_cluster = false\n')
}

/** The browser for the end-to-end tests; playwright.config.ts looks at the same places. */
function findChromium(env) {
  const named = [env.CHROMIUM_PATH, '/usr/bin/chromium'].find((path) => path && existsSync(path))
  if (named) return named
  const cache =
    env.PLAYWRIGHT_BROWSERS_PATH ??
    join(env.HOME ?? '', ...(process.platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'ms-playwright')
  return existsSync(cache) && readdirSync(cache).some((name) => name.startsWith('chromium')) ? cache : null
}

/** Homebrew's ZooKeeper is a folder of jars under one of two prefixes. */
function withBrewZooKeeper(env) {
  if (env.ARKEEPER_ZOOKEEPER_CLASSPATH || process.platform !== 'darwin') return env
  for (const prefix of BREW_PREFIXES) {
    const lib = join(prefix, 'zookeeper', 'libexec', 'lib')
    if (!existsSync(lib)) continue
    const jars = readdirSync(lib).filter((name) => name.endsWith('.jar'))
    const path = [join(prefix, 'openjdk', 'bin'), env.PATH].join(delimiter)
    return { ...env, PATH: path, ARKEEPER_ZOOKEEPER_CLASSPATH: jars.map((jar) => join(lib, jar)).join(delimiter) }
  }
  return env
}

/** Installs what is missing where that is ours to do (Debian, as root), and says in one line what to install elsewhere. */
export async function ensureSystemPackages(names, givenEnv) {
  const env = withBrewZooKeeper(givenEnv)
  const missing = names.filter((name) => !TOOLS[name].isThere(env))
  if (missing.length === 0) return env
  const packages = missing.flatMap((name) => TOOLS[name].debian)
  const canInstall = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0
  if (!canInstall) throw new Failure(`${missing.join(' and ')} missing: ${advise(missing, packages)}`)
  for (const name of missing) TOOLS[name].beforeInstall?.()
  await aptInstall(packages, env)
  const still = names.filter((name) => !TOOLS[name].isThere(env))
  if (still.length > 0)
    throw new Failure(`${still.join(' and ')} cannot be used although ${packages.join(' ')} is installed`)
  return env
}

function advise(missing, packages) {
  if (process.platform === 'darwin') return missing.map((name) => TOOLS[name].brew).join(' && ')
  if (existsSync('/usr/bin/apt-get')) return `sudo apt-get install ${packages.join(' ')}`
  return `install ${missing.join(', ')} (on Debian: ${packages.join(' ')})`
}

async function aptInstall(packages, env) {
  const apt = (title, args) => ({
    title,
    log: 'apt-get',
    command: 'apt-get',
    // A file of settings that is there already stays as it is.
    args: ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Options::=--force-confold', ...args],
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive', UCF_FORCE_CONFFOLD: '1' },
    timeoutMs: APT_TIMEOUT_MS,
  })
  const install = apt(`installing ${packages.join(' ')} (apt-get)`, [
    'install',
    '-y',
    '--no-install-recommends',
    ...packages,
  ])
  // The lists of packages are often there and good; where they are missing or old, they are fetched first.
  if ((await runLogged(install)).ok) return
  await runStep(apt('fetching the lists of packages (apt-get update)', ['update']))
  await runStep(install)
}
