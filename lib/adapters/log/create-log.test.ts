import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { addLogFields, withLogFields } from '../../base/log-fields.ts'
import { createLog } from './create-log.ts'
import { toTerminalLine } from './terminal-line.ts'

function collect() {
  const lines: string[] = []
  return { lines, destination: { write: (line: string) => void lines.push(line) } }
}

describe('log', () => {
  test('writes one JSON line with level, time, who writes and the cause of an error', () => {
    const { lines, destination } = collect()
    const log = createLog({ level: 'info', component: 'web', destination })
    log.error({ error: new Error('outer', { cause: new Error('inner') }), zxid: 0x1an }, 'It failed')
    const line = JSON.parse(lines[0] ?? '')
    expect(line).toMatchObject({
      level: 'error',
      component: 'web',
      host: hostname(),
      pid: process.pid,
      msg: 'It failed',
      zxid: 26,
      error: { type: 'Error', message: 'outer', cause: { type: 'Error', message: 'inner' } },
    })
    expect(line.error.stack).toContain('create-log.test.ts')
    log.error({ err: new TypeError('other') }, 'It failed')
    expect(JSON.parse(lines[1] ?? '').err).toMatchObject({ type: 'TypeError', message: 'other' })
    expect(Date.parse(line.time)).toBeGreaterThan(0)
  })

  test('never writes a secret that someone hands it', () => {
    const { lines, destination } = collect()
    const log = createLog({ level: 'debug', destination })
    log.info({ password: 'planted-1', cluster: { auth: ['planted-2'], deep: { authSecret: 'planted-3' } } }, 'careless')
    const failure = Object.assign(new Error('connect postgresql://me:planted-4@db/x'), {
      details: { request: { headers: { authorization: 'planted-5' } } },
      cause: Object.assign(new Error('ark_planted0000000000000000000000'), { token: 'planted-6' }),
    })
    log.error({ err: failure }, 'as careless: AGE-SECRET-KEY-1PLANTED')
    expect(lines.join('').toLowerCase()).not.toContain('planted')
    expect(lines.join('')).toContain('[secret]')
  })

  test('every line of a piece of work has its fields, also those that are known later, and no other work has them', async () => {
    const { lines, destination } = collect()
    const log = createLog({ level: 'info', destination })
    const work = (id: string) =>
      withLogFields({ requestId: id }, async () => {
        log.info({}, 'begins')
        await Promise.resolve()
        addLogFields({ actorId: `person-${id}` })
        await withLogFields({ jobId: `job-${id}` }, async () => log.info({}, 'inside'))
        log.info({}, 'ends')
      })
    await Promise.all([work('a'), work('b')])
    log.info({}, 'outside')
    const found = lines.map((line) => JSON.parse(line))
    expect(found.filter(({ requestId }) => requestId === 'a')).toMatchObject([
      { msg: 'begins' },
      { msg: 'inside', actorId: 'person-a', jobId: 'job-a' },
      { msg: 'ends', actorId: 'person-a' },
    ])
    expect(found.at(-1)).not.toHaveProperty('requestId')
    expect(found.filter(({ msg, jobId }) => msg === 'ends' && jobId !== undefined)).toEqual([])
  })

  test('a terminal gets a line for people, with an error below it', () => {
    const line = JSON.stringify({
      level: 'warn',
      time: '2026-11-26T04:05:06.000Z',
      component: 'worker',
      host: 'h',
      pid: 1,
      clusterId: 'c1',
      err: { stack: 'Error: no\n    at x' },
      msg: 'It failed',
    })
    expect(toTerminalLine(`${line}\n`)).toBe('04:05:06 WARN  worker It failed clusterId=c1\n  Error: no\n      at x\n')
    expect(toTerminalLine('no json\n')).toBe('no json\n')
  })
})
