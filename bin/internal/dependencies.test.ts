import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findStaleDecisions, findUnlicensed, findUnsealed } from './dependencies.mjs'
import { inProject } from './project.mjs'

const lock = JSON.parse(readFileSync(inProject('package-lock.json'), 'utf8'))
const one = (facts: object) => ({ packages: { '': {}, 'node_modules/a/node_modules/@x/b': facts } })
const sealed = 'sha512-abc'

describe('what is installed', () => {
  it('is under licences that were agreed to, and nothing else is agreed to', () => {
    expect(Object.keys(lock.packages).length).toBeGreaterThan(100)
    expect(findUnlicensed(lock)).toEqual([])
    expect(findStaleDecisions(lock)).toEqual([])
  })

  it('is the very thing that was locked, package by package', () => {
    expect(findUnsealed(lock)).toEqual([])
  })
})

describe('a package', () => {
  it.each(['MIT', 'MIT OR GPL-3.0', '(ISC AND MIT)', 'MIT and ISC'])('may be under %s', (license) => {
    expect(findUnlicensed(one({ license }))).toEqual([])
  })

  it.each(['GPL-3.0', 'MIT AND GPL-3.0', 'MPL-2.0', 'SEE LICENSE IN LICENSE', 'UNLICENSED'])(
    'may not be under %s',
    (license) => {
      expect(findUnlicensed(one({ license }))).toEqual([`@x/b: ${license}`])
    },
  )

  it('says under which it is, and is sealed', () => {
    expect(findUnlicensed(one({}))).toEqual(['@x/b: none'])
    expect(findUnsealed(one({ integrity: sealed }))).toEqual([])
    expect(findUnsealed(one({}))).toEqual(['@x/b'])
    expect(findUnsealed(one({ integrity: 'sha1-abc' }))).toEqual(['@x/b'])
    expect(findUnsealed(one({ integrity: sealed, resolved: 'git+ssh://x/y' }))).toEqual(['@x/b'])
  })
})
