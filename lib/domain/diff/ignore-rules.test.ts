import { describe, expect, it } from 'vitest'
import type { Change } from './change.ts'
import { IgnoreRules } from './ignore-rules.ts'

const change = (path: string, kind: Change['change'], fields: Change['fields'] = []) => ({ path, change: kind, fields })

describe('ignore rules', () => {
  it('without fields hide every change of their paths', () => {
    const rules = new IgnoreRules([{ id: 'r', pattern: '/a/**', fields: [] }])
    expect(rules.find(change('/a/x', 'added'))?.id).toBe('r')
    expect(rules.find(change('/a', 'changed', ['data', 'acl']))?.id).toBe('r')
    expect(rules.find(change('/ab', 'removed'))).toBeNull()
  })

  it('with fields hide only what differs in nothing else, and never an added or removed znode', () => {
    const rules = new IgnoreRules([{ id: 'r', pattern: '/**', fields: ['acl'] }])
    expect(rules.find(change('/a', 'changed', ['acl']))?.id).toBe('r')
    expect(rules.find(change('/a', 'changed', ['data', 'acl']))).toBeNull()
    expect(rules.find(change('/a', 'added'))).toBeNull()
    expect(rules.find(change('/a', 'removed'))).toBeNull()
  })

  it('do not add up: two rules that each cover a half hide nothing', () => {
    const rules = new IgnoreRules([
      { id: 'data', pattern: '/a', fields: ['data'] },
      { id: 'acl', pattern: '/a', fields: ['acl'] },
    ])
    expect(rules.find(change('/a', 'changed', ['data', 'acl']))).toBeNull()
  })

  it('name the first that hides a change, so that each is counted once', () => {
    const rules = new IgnoreRules([
      { id: 'narrow', pattern: '/a/b', fields: [] },
      { id: 'wide', pattern: '/a/**', fields: [] },
    ])
    expect(rules.find(change('/a/b', 'added'))?.id).toBe('narrow')
    expect(rules.find(change('/a/c', 'added'))?.id).toBe('wide')
    expect(new IgnoreRules([]).isEmpty).toBe(true)
  })
})
