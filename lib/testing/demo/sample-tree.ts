import { createHash } from 'node:crypto'
import { type Acl, OPEN_ACL, PERM } from '../../domain/znode/acl.ts'

/** One znode of the demo cluster. Parents come before children. `ephemeral` ones live as long as the demo's own session. */
export interface SampleZnode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly acl: Acl
  readonly kind: 'persistent' | 'ephemeral' | 'container' | 'ttl'
  readonly ttlMs: number | null
  /** The server appends the number: `path` is the prefix. */
  readonly sequential: boolean
}

export const SAMPLE_CREDENTIALS = { scheme: 'digest', username: 'arkeeper', password: 'demo-only' } as const
/** Children of /shop/catalog/items: one wide parent, to scroll through. */
export const WIDE_CHILDREN = 20_000

const digestId = `${SAMPLE_CREDENTIALS.username}:${createHash('sha1')
  .update(`${SAMPLE_CREDENTIALS.username}:${SAMPLE_CREDENTIALS.password}`)
  .digest('base64')}`
const OWNER_ACL: Acl = [{ perms: PERM.all, scheme: 'digest', id: digestId }]
const PUBLIC_READ_ACL: Acl = [...OWNER_ACL, { perms: PERM.read, scheme: 'world', id: 'anyone' }]

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8')
const json = (value: unknown): Uint8Array => text(JSON.stringify(value))

function znode(path: string, data: Uint8Array | null, more: Partial<SampleZnode> = {}): SampleZnode {
  return { path, data, acl: OPEN_ACL, kind: 'persistent', ttlMs: null, sequential: false, ...more }
}

/** Deterministic: the same znodes in the same order on every run. About 25,000 in all. */
export function* sampleTree(): Generator<SampleZnode> {
  yield* kafkaTree()
  yield* solrTree()
  yield* shopTree()
}

const TOPICS = [
  'orders',
  'payments',
  'shipments',
  'inventory',
  'customers',
  'clickstream',
  'emails',
  'audit',
  'metrics',
  'returns',
  'prices',
  'reviews',
]

function* kafkaTree(): Generator<SampleZnode> {
  for (const path of [
    '/kafka',
    '/kafka/brokers',
    '/kafka/brokers/ids',
    '/kafka/brokers/topics',
    '/kafka/config',
    '/kafka/config/topics',
    '/kafka/config/users',
  ]) {
    yield znode(path, null)
  }
  yield znode('/kafka/cluster', null)
  yield znode('/kafka/cluster/id', json({ version: '1', id: 'qT5Yk0b7T6eWmVh3m8xJ1A' }))
  yield znode('/kafka/controller_epoch', text('7'))
  yield znode('/kafka/controller', json({ version: 1, brokerid: 1, timestamp: '1764000000000' }), { kind: 'ephemeral' })
  for (const id of [1, 2, 3]) {
    yield znode(
      `/kafka/brokers/ids/${id}`,
      json({
        listener_security_protocol_map: { PLAINTEXT: 'PLAINTEXT' },
        endpoints: [`PLAINTEXT://kafka-${id}.example:9092`],
        host: `kafka-${id}.example`,
        port: 9092,
        version: 5,
      }),
      { kind: 'ephemeral' },
    )
  }
  yield znode(
    '/kafka/config/users/billing',
    json({ version: 1, config: { 'SCRAM-SHA-512': 'salt=demo,iterations=4096' } }),
    { acl: OWNER_ACL },
  )
  for (const topic of TOPICS) {
    const partitions = 24
    const base = `/kafka/brokers/topics/${topic}`
    const assignment = Object.fromEntries(
      Array.from({ length: partitions }, (_, p) => [p, [(p % 3) + 1, ((p + 1) % 3) + 1]]),
    )
    yield znode(base, json({ version: 3, partitions: assignment }))
    yield znode(`${base}/partitions`, null)
    for (let p = 0; p < partitions; p++) {
      yield znode(`${base}/partitions/${p}`, null)
      yield znode(
        `${base}/partitions/${p}/state`,
        json({
          controller_epoch: 7,
          leader: (p % 3) + 1,
          version: 1,
          leader_epoch: p % 5,
          isr: [(p % 3) + 1, ((p + 1) % 3) + 1],
        }),
      )
    }
    yield znode(
      `/kafka/config/topics/${topic}`,
      json({
        version: 1,
        config: { 'retention.ms': '604800000', 'cleanup.policy': topic === 'customers' ? 'compact' : 'delete' },
      }),
    )
  }
}

function* solrTree(): Generator<SampleZnode> {
  for (const path of [
    '/solr',
    '/solr/collections',
    '/solr/configs',
    '/solr/configs/_default',
    '/solr/live_nodes',
    '/solr/overseer_elect',
    '/solr/overseer_elect/election',
  ]) {
    yield znode(path, null)
  }
  yield znode('/solr/security.json', json({ authentication: { class: 'solr.BasicAuthPlugin' } }), {
    acl: PUBLIC_READ_ACL,
  })
  yield znode('/solr/clusterprops.json', text('{}'))
  yield znode('/solr/configs/_default/solrconfig.xml', text(SOLR_CONFIG))
  yield znode('/solr/configs/_default/managed-schema.xml', text(solrSchema()))
  yield znode('/solr/configs/_default/stopwords.txt', text('a\nan\nand\nare\nas\nat\nbe\nder\ndie\ndas\nund\n'))
  for (const collection of ['products', 'articles', 'suggestions']) {
    const base = `/solr/collections/${collection}`
    yield znode(base, json({ configName: '_default' }))
    yield znode(
      `${base}/state.json`,
      json({
        [collection]: {
          pullReplicas: '0',
          replicationFactor: '2',
          router: { name: 'compositeId' },
          shards: solrShards(collection),
        },
      }),
    )
    yield znode(`${base}/leaders`, null)
    yield znode(`${base}/terms`, null)
    for (let shard = 1; shard <= 4; shard++)
      yield znode(`${base}/terms/shard${shard}`, json({ core_node3: 1, core_node5: 1 }))
  }
  for (const node of [1, 2]) {
    yield znode(`/solr/live_nodes/solr-${node}.example:8983_solr`, null, { kind: 'ephemeral' })
    yield znode(`/solr/overseer_elect/election/solr-${node}-n_`, null, { kind: 'ephemeral', sequential: true })
  }
}

function solrShards(collection: string): Record<string, unknown> {
  return Object.fromEntries(
    [1, 2, 3, 4].map((shard) => [
      `shard${shard}`,
      {
        state: 'active',
        replicas: { [`core_node${shard}`]: { core: `${collection}_shard${shard}`, state: 'active', leader: 'true' } },
      },
    ]),
  )
}

const SOLR_CONFIG = `<?xml version="1.0" encoding="UTF-8" ?>
<config>
  <luceneMatchVersion>9.10</luceneMatchVersion>
  <directoryFactory name="DirectoryFactory" class="solr.NRTCachingDirectoryFactory"/>
  <updateHandler class="solr.DirectUpdateHandler2">
    <autoCommit><maxTime>15000</maxTime><openSearcher>false</openSearcher></autoCommit>
  </updateHandler>
  <requestHandler name="/select" class="solr.SearchHandler"><lst name="defaults"><int name="rows">10</int></lst></requestHandler>
</config>
`

function solrSchema(): string {
  const fields = Array.from(
    { length: 60 },
    (_, i) => `  <field name="attribute_${i}" type="string" indexed="true" stored="true"/>`,
  ).join('\n')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<schema name="default" version="1.6">\n${fields}\n  <uniqueKey>id</uniqueKey>\n</schema>\n`
}

const SERVICES = ['checkout', 'search', 'pricing', 'stock', 'mail', 'fraud', 'gateway', 'reports']

function* shopTree(): Generator<SampleZnode> {
  for (const path of [
    '/shop',
    '/shop/config',
    '/shop/flags',
    '/shop/locks',
    '/shop/services',
    '/shop/catalog',
    '/shop/catalog/items',
    '/shop/blobs',
    '/shop/queue',
  ]) {
    yield znode(path, text(''))
  }
  for (const service of SERVICES) {
    yield znode(`/shop/config/${service}.properties`, text(shopProperties(service)))
    yield znode(`/shop/services/${service}`, null)
    for (let i = 1; i <= 40; i++) {
      yield znode(
        `/shop/services/${service}/shard-${String(i).padStart(2, '0')}`,
        json({ owner: `${service}-${i % 4}`, weight: 100 - i, zone: ['a', 'b', 'c'][i % 3] }),
      )
    }
    for (let i = 1; i <= 25; i++) {
      yield znode(`/shop/flags/${service}-flag-${i}`, text(i % 3 === 0 ? 'off' : 'on'))
    }
  }
  yield znode('/shop/config/résumé-größe', text('naïve – ☃'))
  yield znode('/shop/secrets', null, { acl: OWNER_ACL })
  yield znode('/shop/secrets/database-password', text('correct horse battery staple'), { acl: OWNER_ACL })
  yield znode('/shop/secrets/signing-key', seededBytes('signing-key', 256), { acl: OWNER_ACL })
  yield znode(
    '/shop/blobs/logo.png',
    Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), seededBytes('logo', 4096)]),
  )
  yield znode('/shop/blobs/model.bin', seededBytes('model', 65_536))
  yield znode('/shop/blobs/empty', text(''))
  yield znode('/shop/blobs/null', null)
  yield znode('/shop/sessions', null, { kind: 'container' })
  for (let i = 1; i <= 20; i++) yield znode(`/shop/sessions/visitor-${i}`, json({ cart: i % 5 }))
  yield znode('/shop/cache-token', text('expires when unused for thirty days'), { kind: 'ttl', ttlMs: 30 * 86_400_000 })
  for (let i = 0; i < 12; i++) yield znode('/shop/queue/task-', json({ task: `rebuild-${i}` }), { sequential: true })
  yield znode('/shop/locks/leader-', text('gateway-1'), { kind: 'ephemeral', sequential: true })
  for (let i = 0; i < WIDE_CHILDREN; i++) {
    yield znode(
      `/shop/catalog/items/item-${String(i).padStart(5, '0')}`,
      json({ sku: `A-${i}`, price: ((i * 7919) % 10_000) / 100, stock: (i * 31) % 500 }),
    )
  }
}

function shopProperties(service: string): string {
  return [
    `# settings of ${service}`,
    `service.name=${service}`,
    'pool.size=32',
    'pool.timeout.ms=1500',
    `database.url=jdbc:postgresql://db.example:5432/${service}`,
    'retry.max=5',
    'feature.new-basket=true',
    '',
  ].join('\n')
}

/** Bytes that look random and are the same on every run. */
function seededBytes(seed: string, length: number): Uint8Array {
  const blocks: Buffer[] = []
  for (let i = 0; blocks.length * 32 < length; i++) blocks.push(createHash('sha256').update(`${seed}:${i}`).digest())
  return Buffer.concat(blocks).subarray(0, length)
}
