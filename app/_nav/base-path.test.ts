import { describe, expect, test } from 'vitest'
import { belowBasePath, fromBrowserPath, toBrowserPath } from './base-path.ts'

describe('addresses', () => {
  test('go below the base path and come back', () => {
    for (const path of ['/', '/audit', '/ark', '/clusters/c1/tree?path=%2Fa', '/?x=1']) {
      for (const base of ['', '/ark', '/tools/ark']) {
        const shown = toBrowserPath(path, base)
        expect(shown.startsWith(base)).toBe(true)
        expect(fromBrowserPath(shown, base)).toBe(path)
      }
    }
    expect(toBrowserPath('/', '/ark')).toBe('/ark')
    expect(fromBrowserPath('/arkive', '/ark')).toBe('/arkive')
  })

  test('of route handlers are below it from the start', () => {
    const urls = belowBasePath({ job: (id: string) => `/api/jobs/${id}`, jobs: () => '/api/jobs' }, '/ark')
    expect([urls.job('j1'), urls.jobs()]).toEqual(['/ark/api/jobs/j1', '/ark/api/jobs'])
  })
})
