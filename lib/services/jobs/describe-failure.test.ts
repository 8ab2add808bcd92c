import { describe, expect, it } from 'vitest'
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
