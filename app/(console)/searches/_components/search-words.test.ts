import { describe, expect, it } from 'vitest'
import { describeLimits, describeSearch } from './search-words.ts'

const asked = { pathPattern: '', valueForm: 'none', value: null, valueLength: 0 } as const

describe('describeSearch', () => {
  it('says what was looked for, and never more than it was given', () => {
    expect(describeSearch({ ...asked, pathPattern: '*.json' })).toBe('Paths with “*.json”')
    expect(describeSearch(asked)).toBe('Every path')
    expect(describeSearch({ ...asked, valueForm: 'text', value: 'x', valueLength: 1 })).toBe('Values with “x”')
    expect(describeSearch({ ...asked, valueForm: 'text', valueLength: 12, pathPattern: '/a' })).toBe(
      'Values of paths with “/a” with a text of 12 characters',
    )
    expect(describeSearch({ ...asked, valueForm: 'hex', valueLength: 1 })).toBe('Values with the bytes (1 byte)')
  })

  it('stays short', () => {
    expect(describeSearch({ ...asked, pathPattern: 'x'.repeat(500) }).length).toBeLessThan(100)
  })
})

describe('describeLimits', () => {
  it('names only what narrows', () => {
    expect(describeLimits({ matchCase: false, kind: 'any', minBytes: null, maxBytes: null })).toEqual([])
    expect(describeLimits({ matchCase: true, kind: 'lasting', minBytes: 0, maxBytes: 1024 })).toEqual([
      'case matters',
      'no ephemeral znodes',
      'values of 0 B or more',
      'values of 1.0 KiB or less',
    ])
  })
})
