import { expect, test } from 'vitest'
import { describeServerError, findServerErrorName } from './server-errors.ts'

test('every code that has words has the name that people search for, and the other way round', () => {
  for (let code = 0; code >= -200; code--) {
    const hasWords = !describeServerError(code).startsWith('unknown error')
    expect([code, findServerErrorName(code) !== null]).toEqual([code, hasWords])
  }
  expect([-101, -103, -110, -111].map(findServerErrorName)).toEqual(['NoNode', 'BadVersion', 'NodeExists', 'NotEmpty'])
})
