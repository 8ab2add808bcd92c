import { resolve } from 'node:path'
import { parseBasePath } from './base-path.mjs'
import { Failure } from './failure.mjs'
import { ROOT } from './project.mjs'

export const STAGES = ['lint', 'types', 'unit', 'postgresql', 'integration', 'build', 'e2e']
const COMMANDS = [
  'start',
  'demo',
  'dev',
  'build',
  'test',
  'check',
  'bench',
  'fuzz',
  'chaos',
  'audit',
  'zookeepers',
  'prisma',
]
/** These hand everything behind their name to another program. */
const PASS_ON = ['bench', 'fuzz', 'chaos', 'prisma']
const WORKERS_MAX = 64

/** The command and its settings, from the words behind `run.mjs` and the environment; a Failure with exit code 2 for what cannot be meant. */
export function parseArguments(words, env) {
  const [command, ...rest] = words
  if (!COMMANDS.includes(command)) {
    throw new Failure(`usage: npm run ${COMMANDS.join(' | ')}${command ? ` (not "${command}")` : ''}`, 2)
  }
  const options = { command, rest, stages: STAGES, web: true, ...readSettings(command, env) }
  if (PASS_ON.includes(command)) return options
  if (command === 'start' && rest.length === 1 && ['web', 'worker'].includes(rest[0])) return withRole(options, rest[0])
  if (command === 'test') return { ...options, stages: parseStages(rest) }
  if (rest.length > 0) throw new Failure(`${command} takes no arguments: ${rest.join(' ')}`, 2)
  return options
}

/** Of several hosts one may serve pages only and another work only: `npm start -- worker`. */
function withRole(options, role) {
  if (role === 'web') return { ...options, web: true, workers: 0 }
  if (options.workers === 0) throw new Failure('start worker with ARKEEPER_WORKERS=0 would start nothing', 2)
  return { ...options, web: false }
}

function parseStages(words) {
  const rest = [...words]
  let stages = STAGES
  while (rest.length > 0) {
    const word = rest.shift()
    const value = word === '--only' ? rest.shift() : /^--only=(.*)$/.exec(word)?.[1]
    if (value === undefined) throw new Failure(`usage: npm test -- --only ${STAGES.join(',')}`, 2)
    const asked = value.split(',').filter(Boolean)
    const unknown = asked.filter((stage) => !STAGES.includes(stage))
    if (unknown.length > 0 || asked.length === 0) {
      throw new Failure(`--only takes a list of ${STAGES.join(', ')}, not "${unknown.join(',') || value}"`, 2)
    }
    // The end-to-end tests drive what was built.
    stages = STAGES.filter((stage) => asked.includes(stage) || (stage === 'build' && asked.includes('e2e')))
  }
  return stages
}

function readSettings(command, env) {
  const settings = {
    host: env.HOST || '127.0.0.1',
    basePath: parseBasePath(env.ARKEEPER_BASE_PATH),
    port: readNumber('PORT', env.PORT, { fallback: 3000, min: 1, max: 65_535 }),
    dataDir: resolve(env.ARKEEPER_DATA_DIR || resolve(ROOT, command === 'demo' ? '.arkeeper-demo' : '.arkeeper')),
    workers: readNumber('ARKEEPER_WORKERS', env.ARKEEPER_WORKERS, { fallback: 1, min: 0, max: WORKERS_MAX }),
    demoZooKeeperPort: readNumber('ARKEEPER_DEMO_ZK_PORT', env.ARKEEPER_DEMO_ZK_PORT, {
      fallback: null,
      min: 1,
      max: 65_535,
    }),
    databaseUrl: env.DATABASE_URL || null,
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(settings.databaseUrl ?? '')?.[1]?.toLowerCase()
  if (['start', 'demo', 'dev'].includes(command) && scheme && !['file', 'postgres', 'postgresql'].includes(scheme)) {
    throw new Failure(
      `DATABASE_URL: a ${scheme}: database is not supported; give it a postgresql: or file: address, or unset it to keep the catalog in ${settings.dataDir}`,
      2,
    )
  }
  return settings
}

function readNumber(name, text, { fallback, min, max }) {
  if (text === undefined || text === '') return fallback
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw new Failure(`${name} must be a number from ${min} to ${max}, not "${text}"`, 2)
  return value
}
