import { DriverAdapterError } from '@prisma/driver-adapter-utils'
import { describe, expect, it } from 'vitest'
import { isDatabaseAway } from '../../adapters/database/errors.ts'
import { TimeoutError } from '../../base/errors.ts'
import { RestoreCutShort } from '../engine/errors.ts'
import { ServiceError } from '../errors.ts'
import { describeFailure } from './describe-failure.ts'

const systemError = (code: string) =>
  Object.assign(new Error(`${code}: write`), { code, syscall: 'write', path: '/store/x' })

describe('describeFailure', () => {
  it('names a full disk even when it is the cause of another error', () => {
    const view = describeFailure(new ServiceError('WRITE_REFUSED', 'no', { cause: systemError('ENOSPC') }), 'j1')
    expect(view).toMatchObject({ code: 'NO_SPACE', id: 'j1' })
    expect(view.message).toContain('/store/x')
    expect(view.remedy).toBeTruthy()
  })
  it('does not call a cluster untouched that a restore has written to', () => {
    const words = { unaffected: 'the journal', remedy: 'resume' }
    for (const [code, cause] of [
      ['NO_SPACE', systemError('ENOSPC')],
      ['INTERNAL', new Error('secret')],
    ] as const) {
      const view = describeFailure(new RestoreCutShort('INTERNAL', 'secret', { ...words, cause }), 'j1')
      expect(view).toMatchObject({ code, ...words })
      expect(view.message).not.toContain('secret')
    }
    expect(describeFailure(new RestoreCutShort('REQUEST_TIMEOUT', 'no answer', words), 'j1')).toMatchObject({
      code: 'REQUEST_TIMEOUT',
      message: 'no answer',
      ...words,
    })
  })
  it('says that the database was away, by whichever of its errors, and still what a restore has written', () => {
    const closed = new DriverAdapterError({ kind: 'ConnectionClosed' })
    const codes = [
      closed,
      Object.assign(new Error('no'), { name: 'PrismaClientKnownRequestError', code: 'P1001' }),
      new ServiceError('NOT_FOUND', 'wrapped', { cause: closed }),
    ].map((error) => [isDatabaseAway(error), describeFailure(error, 'j1').code])
    expect(codes).toEqual([
      [true, 'DATABASE_AWAY'],
      [true, 'DATABASE_AWAY'],
      [true, 'NOT_FOUND'],
    ])
    const words = { unaffected: 'the journal', remedy: 'resume' }
    const cut = new RestoreCutShort('INTERNAL', 'secret', { ...words, cause: closed })
    expect(describeFailure(cut, 'j1')).toMatchObject({ code: 'DATABASE_AWAY', ...words })
    expect(isDatabaseAway(new DriverAdapterError({ kind: 'TableDoesNotExist' }))).toBe(false)
  })
  it('passes on what an error of ours says', () => {
    const error = new TimeoutError('no answer', 10, { remedy: 'look', unaffected: 'nothing' })
    expect(describeFailure(error, 'j1')).toEqual({
      code: 'TIMEOUT',
      message: 'no answer',
      remedy: 'look',
      unaffected: 'nothing',
      id: 'j1',
    })
  })
  it('keeps the words of an unknown error off the page', () => {
    expect(describeFailure(new Error('secret'), 'j1').message).not.toContain('secret')
  })
  it('does not take a refused connection for a full disk', () => {
    expect(describeFailure(new TimeoutError('x', 1, { cause: systemError('ECONNREFUSED') }), 'j').code).toBe('TIMEOUT')
  })
})
