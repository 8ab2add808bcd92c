import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseArguments } from './arguments.mjs'
import { ROOT } from './project.mjs'

const refusal = (message: RegExp) => expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) })

describe('parseArguments', () => {
  it('starts on 127.0.0.1:3000 with one worker and a data directory in the checkout', () => {
    expect(parseArguments(['start'], {})).toMatchObject({
      command: 'start',
      host: '127.0.0.1',
      port: 3000,
      workers: 1,
      dataDir: join(ROOT, '.arkeeper'),
      databaseUrl: null,
    })
  })

  it('starts the one part that is asked for', () => {
    expect(parseArguments(['start', 'web'], { ARKEEPER_WORKERS: '3' })).toMatchObject({ web: true, workers: 0 })
    expect(parseArguments(['start', 'worker'], { ARKEEPER_WORKERS: '3' })).toMatchObject({ web: false, workers: 3 })
    expect(parseArguments(['start'], {})).toMatchObject({ web: true, workers: 1 })
    expect(() => parseArguments(['start', 'worker'], { ARKEEPER_WORKERS: '0' })).toThrow(refusal(/start nothing/))
    expect(() => parseArguments(['start', 'both'], {})).toThrow(refusal(/takes no arguments: both/))
  })

  it('keeps the demo apart from the real data', () => {
    expect(parseArguments(['demo'], {}).dataDir).toBe(join(ROOT, '.arkeeper-demo'))
  })

  it('takes the settings of the environment, and an empty one for none', () => {
    const env = {
      HOST: '0.0.0.0',
      PORT: '8080',
      ARKEEPER_WORKERS: '0',
      ARKEEPER_DATA_DIR: '/data',
      ARKEEPER_DEMO_ZK_PORT: '',
    }
    expect(parseArguments(['start'], env)).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      workers: 0,
      dataDir: '/data',
      demoZooKeeperPort: null,
    })
  })

  it.each([
    [undefined, ''],
    ['', ''],
    ['/', ''],
    ['arkeeper', '/arkeeper'],
    ['/arkeeper/', '/arkeeper'],
    [' /tools//ark.keeper_1~x ', '/tools/ark.keeper_1~x'],
  ])('understands the base path %j', (ARKEEPER_BASE_PATH, basePath) => {
    expect(parseArguments(['start'], { ARKEEPER_BASE_PATH }).basePath).toBe(basePath)
  })

  it.each(['/..', '/a/../b', '/.', '/a b', '/%61', '/ä', '/a?b', '/a#b', '\\\\a', 'x:y', '/a/b/c/d/e/f'])(
    'refuses the base path "%s"',
    (ARKEEPER_BASE_PATH) => {
      expect(() => parseArguments(['start'], { ARKEEPER_BASE_PATH })).toThrow(refusal(/^ARKEEPER_BASE_PATH must be/))
    },
  )

  it.each(['0', '65536', '-1', '80a', ' 80', '1e3', '8080.5'])('refuses the port "%s"', (PORT) => {
    expect(() => parseArguments(['start'], { PORT })).toThrow(refusal(/^PORT must be a number from 1 to 65535/))
  })

  it.each(['-1', '65', 'many'])('refuses %s workers', (ARKEEPER_WORKERS) => {
    expect(() => parseArguments(['start'], { ARKEEPER_WORKERS })).toThrow(refusal(/^ARKEEPER_WORKERS must be/))
  })

  it.each(['mysql://h/d', 'sqlserver://h/d'])('refuses the database %s in one line', (DATABASE_URL) => {
    expect(() => parseArguments(['start'], { DATABASE_URL })).toThrow(refusal(/not supported/))
    expect(() => parseArguments(['test'], { DATABASE_URL })).not.toThrow()
  })

  it.each(['file:/x/y.db', 'postgres://h/d', 'postgresql://h/d'])('takes the database %s', (DATABASE_URL) => {
    expect(parseArguments(['start'], { DATABASE_URL }).databaseUrl).toBe(DATABASE_URL)
  })

  it('runs all stages of the tests, or those that were asked for, in their order', () => {
    expect(parseArguments(['test'], {}).stages).toEqual([
      'lint',
      'types',
      'unit',
      'postgresql',
      'integration',
      'build',
      'e2e',
    ])
    expect(parseArguments(['test', '--only', 'types,lint'], {}).stages).toEqual(['lint', 'types'])
    expect(parseArguments(['test', '--only=unit'], {}).stages).toEqual(['unit'])
  })

  it('builds before the end-to-end tests, because they drive what was built', () => {
    expect(parseArguments(['test', '--only', 'e2e'], {}).stages).toEqual(['build', 'e2e'])
  })

  it.each([[['--only']], [['--only', '']], [['--only', 'unit,all']], [['--fast']], [['unit']]])(
    'refuses test %j',
    (words) => {
      expect(() => parseArguments(['test', ...words], {})).toThrow(refusal(/--only/))
    },
  )

  it('hands everything on to the benchmark and to Prisma', () => {
    expect(parseArguments(['prisma', 'migrate', 'dev', '--name', 'x'], {}).rest).toEqual([
      'migrate',
      'dev',
      '--name',
      'x',
    ])
    expect(parseArguments(['bench', '--znodes', '100000'], {}).rest).toEqual(['--znodes', '100000'])
  })

  it('refuses an unknown command, and words that a command does not take', () => {
    expect(() => parseArguments(['stop'], {})).toThrow(refusal(/^usage: .*not "stop"/))
    expect(() => parseArguments([], {})).toThrow(refusal(/^usage: /))
    expect(() => parseArguments(['start', '--port', '80'], {})).toThrow(refusal(/takes no arguments/))
  })
})
