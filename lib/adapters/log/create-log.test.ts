import { describe, expect, test } from 'vitest'
import { createLog } from './create-log.ts'

function collect() {
  const lines: string[] = []
  return { lines, destination: { write: (line: string) => void lines.push(line) } }
}

describe('log', () => {
  test('writes one JSON line with level, time and the cause of an error', () => {
    const { lines, destination } = collect()
    const log = createLog({ level: 'info', role: 'web', destination })
    log.error({ error: new Error('outer', { cause: new Error('inner') }), zxid: 0x1an }, 'It failed')
    const line = JSON.parse(lines[0] ?? '')
    expect(line).toMatchObject({
      level: 'error',
      role: 'web',
      msg: 'It failed',
      error: { message: 'outer', cause: { message: 'inner' } },
    })
    expect(Date.parse(line.time)).toBeGreaterThan(0)
  })

  test('never writes a secret that someone hands it', () => {
    const { lines, destination } = collect()
    const log = createLog({ level: 'debug', destination })
    log.info({ password: 'planted-1', cluster: { auth: ['planted-2'], deep: { authSecret: 'planted-3' } } }, 'careless')
    expect(lines.join('')).not.toContain('planted')
    expect(lines.join('')).toContain('[secret]')
  })
})
