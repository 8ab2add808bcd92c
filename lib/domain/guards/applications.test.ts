import { expect, it } from 'vitest'
import { type GuardedAct, KNOWN_APPLICATIONS, parseApplications } from './application.ts'
import { ApplicationTally, signaturesAt } from './application-tally.ts'
import { GuardMatcher } from './guard-matcher.ts'

const matcher = new GuardMatcher(KNOWN_APPLICATIONS)

/** What is said of one write in a tree that holds these paths, and all above them. */
function judge(tree: readonly string[], path: string, act: GuardedAct = 'change'): string[] {
  const there = new Set(tree.flatMap((each) => each.split('/').map((_, i, names) => names.slice(0, i + 1).join('/'))))
  const tally = new ApplicationTally(matcher)
  tally.add(path, act)
  return tally
    .warnings((place) => signaturesAt(place).some((paths) => paths.every((each) => there.has(each))))
    .map(({ code, severity, message }) => `${message.split(' ')[0]} ${code} ${severity}`)
}

const KAFKA = ['/brokers/ids', '/controller_epoch']
const TABLE = '/clickhouse/tables/01/hits'
const CLICKHOUSE = ['replicas', 'log', 'block_numbers', 'metadata'].map((name) => `${TABLE}/${name}`)
const under = (root: string, paths: readonly string[]) => paths.map((path) => root + path)

it.each<[string, readonly string[], string, GuardedAct, string[]]>([
  ['Kafka’s epoch set back', KAFKA, '/controller_epoch', 'change', ['Kafka application-counter danger']],
  [
    'below a chroot of any name',
    under('/a/k', KAFKA),
    '/a/k/controller_epoch',
    'change',
    ['Kafka application-counter danger'],
  ],
  ['an epoch into an empty Kafka', KAFKA, '/controller_epoch', 'create', []],
  ['a broker made persistent', KAFKA, '/brokers/ids/7', 'create', ['Kafka application-runtime danger']],
  ['the parent of the brokers alone', KAFKA, '/brokers/ids', 'create', []],
  ['a topic to delete', KAFKA, '/admin/delete_topics/t', 'create', ['Kafka application-runtime danger']],
  ['a topic’s settings', KAFKA, '/config/topics/t', 'change', ['Kafka application-config note']],
  [
    'a notice of settings, not settings',
    KAFKA,
    '/config/changes/config_change_0000000001',
    'create',
    ['Kafka application-runtime note'],
  ],
  [
    'an order to Solr’s Overseer',
    ['/live_nodes', '/overseer', '/collections'],
    '/overseer/queue/qn-0000000001',
    'create',
    ['Solr application-runtime danger'],
  ],
  [
    'a collection’s state',
    ['/solr/live_nodes', '/solr/overseer', '/solr/collections'],
    '/solr/collections/c/state.json',
    'change',
    ['Solr application-runtime warning'],
  ],
  [
    'where HBase’s meta is',
    ['/hbase/hbaseid', '/hbase/rs'],
    '/hbase/meta-region-server',
    'change',
    ['HBase application-runtime danger'],
  ],
  [
    'HBase unsecured',
    ['/hbase-unsecure/hbaseid', '/hbase-unsecure/rs'],
    '/hbase-unsecure/running',
    'delete',
    ['HBase application-runtime danger'],
  ],
  [
    'a replica’s presence',
    CLICKHOUSE,
    `${TABLE}/replicas/r1/is_active`,
    'create',
    ['ClickHouse application-runtime danger'],
  ],
  ['block numbers', CLICKHOUSE, `${TABLE}/block_numbers/all`, 'create', ['ClickHouse application-counter danger']],
  [
    'a query for all servers',
    ['/clickhouse/task_queue/ddl'],
    '/clickhouse/task_queue/ddl/query-0000000001',
    'create',
    ['ClickHouse application-counter danger'],
  ],
  [
    'a topic’s ledgers',
    ['/loadbalance/brokers', '/managed-ledgers'],
    '/managed-ledgers/public/default/persistent/t',
    'change',
    ['Pulsar application-runtime danger'],
  ],
  [
    'a bookie',
    ['/ledgers/LAYOUT', '/ledgers/available'],
    '/ledgers/available/10.0.0.1:3181',
    'create',
    ['BookKeeper application-runtime danger'],
  ],
  [
    'the parent of read-only bookies',
    ['/ledgers/LAYOUT', '/ledgers/available'],
    '/ledgers/available/readonly',
    'create',
    [],
  ],
  [
    'a ledger',
    ['/ledgers/LAYOUT', '/ledgers/available'],
    '/ledgers/00/0000/L0042',
    'delete',
    ['BookKeeper application-runtime danger'],
  ],
  [
    'a segment to drop',
    ['/druid/internal-discovery', '/druid/coordinator'],
    '/druid/loadQueue/h:8083/seg',
    'create',
    ['Druid application-runtime danger'],
  ],
  [
    'a NiFi election',
    ['/nifi/leaders', '/nifi/components'],
    '/nifi/leaders/Primary Node/x-lock-0000000001',
    'create',
    ['NiFi application-election danger'],
  ],
  [
    'a processor’s state',
    ['/nifi/leaders', '/nifi/components'],
    '/nifi/components/6f1',
    'change',
    ['NiFi application-config warning'],
  ],
  [
    'a Dubbo provider',
    ['/dubbo/org.x.S/providers', '/dubbo/org.x.S/configurators'],
    '/dubbo/org.x.S/providers/dubbo%3A',
    'create',
    ['Dubbo application-runtime danger'],
  ],
  [
    'a Dubbo mapping',
    ['/dubbo/metadata', '/dubbo/mapping'],
    '/dubbo/mapping/org.x.S',
    'change',
    ['Dubbo application-runtime warning'],
  ],
])('%s', (_what, tree, path, act, expected) => {
  expect(judge(tree, path, act)).toEqual(expected)
})

it.each<[string, readonly string[], string]>([
  ['a name that only begins alike', KAFKA, '/controller_epoch2'],
  ['a name that only ends alike', KAFKA, '/my-controller_epoch'],
  ['below a znode that ends the pattern', KAFKA, '/controller_epoch/x'],
  ['a Kafka of which nothing else is there', ['/controller_epoch'], '/controller_epoch'],
  ['signature and path under different roots', under('/k', KAFKA), '/controller_epoch'],
  [
    'the signature beside, in a name that only begins alike',
    ['/k/brokers/ids2', '/k/controller_epoch'],
    '/k/controller_epoch',
  ],
  ['/master without an HBase', ['/app/master'], '/app/master'],
  ['a folder called log', ['/app/log'], '/app/log/x'],
  ['somebody’s leaders', ['/app/leaders/x/y'], '/app/leaders/x/y'],
])('says nothing of %s', (_what, tree, path) => {
  expect(judge(tree, path)).toEqual([])
})

it('the first pattern of the file speaks for a path, whatever it is found by', () => {
  const [match] = matcher.match('/k/brokers/topics/t/partitions/0/state', 'change')
  expect(match).toMatchObject({ root: '/k', node: { pattern: '/brokers/topics/*/partitions/*/state' } })
})

it('every known entry names its source and has each pattern once', () => {
  for (const application of KNOWN_APPLICATIONS) {
    expect(application.source).not.toBe('the configuration file')
    const patterns = application.nodes.map(({ pattern, on }) => `${pattern} ${on?.join() ?? ''}`)
    expect(new Set(patterns).size, application.application).toBe(patterns.length)
  }
  expect(KNOWN_APPLICATIONS.map(({ application }) => application.split(' ')[0])).toEqual(
    expect.arrayContaining(['Kafka', 'Solr', 'HBase', 'ClickHouse', 'Pulsar', 'Druid', 'NiFi', 'Dubbo']),
  )
})

it('ten thousand hits are one line with their number and the first paths; dangers come first', () => {
  const tally = new ApplicationTally(matcher)
  for (let i = 0; i < 10_000; i++) tally.add(`/config/topics/t${i}`, 'change')
  tally.add('/controller_epoch', 'change')
  const warnings = tally.warnings(({ application }) => application.application === 'Kafka')
  expect(warnings.map(({ severity }) => severity)).toEqual(['danger', 'note'])
  expect(warnings[1]).toMatchObject({
    path: '/config/topics/t0',
    message: expect.stringMatching(/: 10000 znodes changed: \/config\/topics\/t0, .*t2 and 9997 more$/),
    advice: expect.stringContaining('brokers stopped'),
  })
})

it('places beyond the limit are counted apart, and said', () => {
  const tally = new ApplicationTally(matcher)
  for (let i = 0; i < 505; i++) tally.add(`/t/${i}/block_numbers/all`, 'change')
  const warnings = tally.warnings(() => true)
  expect(tally.places()).toHaveLength(500)
  expect(warnings.map(({ code }) => code)).toEqual(['application-counter', 'application-unchecked'])
  expect(warnings[1]?.message).toContain('5 more znodes may belong to ClickHouse')
})

const OWN = {
  application: 'Ours',
  signatures: [['/queue', '/owner']],
  nodes: [{ pattern: '/queue/*', what: 'runtime', advice: 'Stop the workers first.' }],
}

it('entries of users are of the same form', () => {
  const parsed = parseApplications([OWN])
  expect(parsed).toMatchObject({ ok: true, applications: [{ application: 'Ours', nodes: [{ severity: 'warning' }] }] })
})

it.each<[string, unknown, RegExp]>([
  ['no list', {}, /expected array/],
  [
    'a pattern of another language',
    [{ ...OWN, nodes: [{ ...OWN.nodes[0], pattern: 'queue/*' }] }],
    /^application 1 \(Ours\), nodes\.0\.pattern: the pattern does not start with \/$/,
  ],
  [
    'a pattern that could begin anywhere',
    [{ ...OWN, nodes: [{ ...OWN.nodes[0], pattern: '/**/queue' }] }],
    /no name without \*/,
  ],
  [
    'a second entry without advice',
    [OWN, { ...OWN, nodes: [{ pattern: '/x', what: 'lock' }] }],
    /^application 2 \(Ours\), nodes\.0\.advice: /,
  ],
  [
    'a signature that is no path',
    [{ ...OWN, signatures: [['queue']] }],
    /^application 1 \(Ours\), signatures\.0\.0: the path does not start with \/$/,
  ],
  ['the root as a signature', [{ ...OWN, signatures: [['/']] }], /says nothing/],
  ['a word that is not known', [{ ...OWN, severities: 1 }], /^application 1 \(Ours\): .*severities/],
])('says which entry is wrong: %s', (_what, json, fault) => {
  const parsed = parseApplications(json)
  expect(parsed.ok ? '' : parsed.fault).toMatch(fault)
})
