import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { findPatternFault } from '../diff/path-pattern.ts'
import { KNOWN_SECRETS } from './known-secrets.ts'
import { judgeValue, type ValueRole, ValueRules } from './value-rules.ts'

const rule = (pattern: string, ignoreCase = false) => ({ pattern, ignoreCase })
const matched = (rules: readonly ReturnType<typeof rule>[], path: string) =>
  new ValueRules(rules).match(path).map(({ pattern }) => pattern)

describe('rules by path', () => {
  it('end at a slash', () => {
    const rules = [rule('/app/secret/**')]
    expect(matched(rules, '/app/secret')).toHaveLength(1)
    expect(matched(rules, '/app/secret/db/x')).toHaveLength(1)
    expect(matched(rules, '/app/secrets')).toEqual([])
    expect(matched(rules, '/app/secret-x/db')).toEqual([])
    expect(matched(rules, '/x/app/secret')).toEqual([])
  })

  it('are asked in any case only where they say so', () => {
    expect(matched([rule('/**/*Secret*/**', true)], '/app/MYSECRETS/x')).toHaveLength(1)
    expect(matched([rule('/**/*Secret*/**')], '/app/MYSECRETS/x')).toEqual([])
    // Letters whose lower case is longer must not shift anything.
    expect(matched([rule('/İ*', true)], '/İstanbul')).toHaveLength(1)
  })

  it('all that match are given, in the order in which they were made', () => {
    const rules = [rule('/a/**'), rule('/A/B', true), rule('/a/b'), rule('/c')]
    expect(matched(rules, '/a/b')).toEqual(['/a/**', '/A/B', '/a/b'])
    expect(new ValueRules(rules).isEmpty).toBe(false)
    expect(new ValueRules([]).isEmpty).toBe(true)
  })

  it('take a star, a backslash and the root for what they are', () => {
    expect(matched([rule('/a\\*b')], '/a*b')).toHaveLength(1)
    expect(matched([rule('/a\\*b')], '/axb')).toEqual([])
    expect(matched([rule('/a\\\\b')], '/a\\b')).toHaveLength(1)
    expect(matched([rule('/')], '/')).toHaveLength(1)
    expect(matched([rule('/**')], '/')).toHaveLength(1)
    expect(matched([rule('/*')], '/')).toEqual([])
  })

  it('say the same as a naive matcher that tries everything', () => {
    const random = new SeededRandom(11)
    const make = (names: readonly string[]) =>
      `/${Array.from({ length: 1 + random.below(4) }, () => random.pick(names)).join('/')}`
    for (let i = 0; i < 4000; i++) {
      const ignoreCase = random.chance(0.5)
      const rules = Array.from({ length: 1 + random.below(3) }, () =>
        rule(make(['a', 'B', 'ab', '*', '**', 'a*', '*b', '*A*b', '\\*a']), ignoreCase),
      )
      const path = make(['a', 'b', 'aB', 'abb', 'AAB', '*a'])
      const wanted = rules.map(({ pattern }) => pattern).filter((pattern) => naive(pattern, path, ignoreCase))
      expect(matched(rules, path), `seed ${random.seed}, run ${i}: ${path}`).toEqual(wanted)
    }
  })

  it('are not slowed down by a pattern that is made to be slow', () => {
    const rules = new ValueRules([
      rule(`/${'*a'.repeat(400)}*b`),
      rule(`${'/**/*a*'.repeat(100)}/b`),
      rule('/**/*a*a*a*a*a*c'),
    ])
    const path = `/${'a'.repeat(2000)}`.repeat(20)
    for (let i = 0; i < 20; i++) expect(rules.match(path)).toEqual([])
  })
})

describe('what the matching rules come to', () => {
  const mask = (leastRole: ValueRole = 'operator', recordsReads = false) =>
    ({ effect: 'mask', leastRole, recordsReads }) as const
  const forbid = (leastRole: ValueRole) => ({ effect: 'forbid', leastRole, recordsReads: false }) as const
  const record = { effect: 'record', leastRole: 'viewer', recordsReads: true } as const

  it.each([
    ['nothing', [], 'viewer', { isHidden: false, mayReveal: true, leastRole: 'viewer', isRecorded: false }],
    ['a mask', [mask()], 'viewer', { isHidden: true, mayReveal: false, leastRole: 'operator', isRecorded: false }],
    ['a mask', [mask()], 'admin', { isHidden: true, mayReveal: true, leastRole: 'operator', isRecorded: false }],
    ['a mask', [mask('viewer')], 'none', { isHidden: true, mayReveal: false, leastRole: 'viewer', isRecorded: false }],
    [
      'a limit',
      [forbid('admin')],
      'operator',
      { isHidden: true, mayReveal: false, leastRole: 'admin', isRecorded: false },
    ],
    [
      'a limit',
      [forbid('admin')],
      'admin',
      { isHidden: false, mayReveal: true, leastRole: 'admin', isRecorded: false },
    ],
    ['a record', [record], 'viewer', { isHidden: false, mayReveal: true, leastRole: 'viewer', isRecorded: true }],
    [
      'the strictest of several',
      [mask('viewer', true), forbid('admin'), record],
      'operator',
      { isHidden: true, mayReveal: false, leastRole: 'admin', isRecorded: true },
    ],
    [
      'a mask beside a limit that is passed',
      [forbid('operator'), mask('operator')],
      'operator',
      { isHidden: true, mayReveal: true, leastRole: 'operator', isRecorded: false },
    ],
  ] as const)('%s (%#)', (_name, rules, role, wanted) => {
    expect(judgeValue(rules, role)).toEqual(wanted)
  })
})

describe('the known secrets', () => {
  const known = new ValueRules(KNOWN_SECRETS)

  it('are sound patterns with ids of their own', () => {
    expect(KNOWN_SECRETS.map(({ pattern }) => findPatternFault(pattern)).filter((fault) => fault !== null)).toEqual([])
    expect(new Set(KNOWN_SECRETS.map(({ id }) => id)).size).toBe(KNOWN_SECRETS.length)
  })

  it.each([
    '/shop/secrets/signing-key',
    '/shop/cache-token',
    '/shop/DB_Password',
    '/config/users/alice',
    '/kafka/config/users/alice',
    '/dc1/kafka/config/users/alice/clients/app',
    '/kafka/config/brokers/1',
    '/delegation_token/tokens/abc',
    '/solr/security.json',
    '/security.json',
    '/hbase/tokenauth/keys/1',
    '/rmstore/ZKRMStateRoot/RMDTSecretManagerRoot/RMDTMasterKeysRoot/DelegationKey_1',
    '/zkdtsm/ZKDTSMRoot/ZKDTSMMasterKeyRoot/DK_1',
    '/clickhouse/access/uuid/0-1',
    '/app/private-key.pem',
    '/app/service.keytab',
    '/a/API-Key',
    '/pulsar/admin/clusters/west',
  ])('%s is one', (path) => {
    expect(known.match(path).length).toBeGreaterThan(0)
  })

  it.each([
    '/',
    '/config',
    '/config/topics/orders',
    '/brokers/ids/1',
    '/brokers/topics/orders/partitions/0/state',
    '/solr/configs/shop/solrconfig.xml',
    '/hbase/meta-region-server',
    '/clickhouse/tables/1/replicas/a/host',
    '/flags/dark-mode',
    '/config/usersettings',
  ])('%s is none', (path) => {
    expect(known.match(path)).toEqual([])
  })
})

function naive(pattern: string, path: string, ignoreCase: boolean): boolean {
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text)
  return naiveSegments(fold(pattern).slice(1).split('/'), fold(path).slice(1).split('/'))
}

function naiveSegments(segments: readonly string[], names: readonly string[]): boolean {
  const [segment, ...rest] = segments
  if (segment === undefined) return names.length === 0
  if (segment === '**')
    return naiveSegments(rest, names) || (names.length > 0 && naiveSegments(segments, names.slice(1)))
  const [name, ...others] = names
  return name !== undefined && naiveName(segment, name) && naiveSegments(rest, others)
}

function naiveName(wanted: string, name: string): boolean {
  if (wanted === '') return name === ''
  if (wanted.startsWith('\\')) return wanted[1] === name[0] && naiveName(wanted.slice(2), name.slice(1))
  if (wanted[0] === '*') return naiveName(wanted.slice(1), name) || (name !== '' && naiveName(wanted, name.slice(1)))
  return wanted[0] === name[0] && naiveName(wanted.slice(1), name.slice(1))
}
