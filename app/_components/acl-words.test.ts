import { expect, test } from 'vitest'
import { describePerms, describeWho } from './acl-words.ts'

test.each([
  [31, 'may do everything'],
  [1, 'may read'],
  [3, 'may read and change the value'],
  [17, 'may read and change the ACL'],
  [0, 'may do nothing'],
  [33, 'may read and bits 0x20 that no version defines'],
])('permission %d reads "%s"', (perms, words) => {
  expect(describePerms(perms)).toBe(words)
})

test('who an entry speaks of is said in words, never with the hash', () => {
  expect(describeWho({ scheme: 'world', id: 'anyone' })).toBe('Everyone')
  expect(describeWho({ scheme: 'digest', id: 'solr:aGFzaA==' })).toBe('User solr')
  expect(describeWho({ scheme: 'ip', id: '10.0.0.0/8' })).toBe('Clients from 10.0.0.0/8')
  expect(describeWho({ scheme: 'custom', id: 'x' })).toBe('custom:x')
})
