import { z } from 'zod'
import { operation } from '../operation.ts'
import { bytes, count, hex64, id, list, paging } from '../shapes.ts'

const kind = z.enum(['persistent', 'ephemeral', 'container', 'ttl', 'unknown'])
const path = z.string().min(1).max(10_000).default('/').meta({ description: 'Absolute, as ZooKeeper has it' })
const params = z.object({
  kind: z.enum(['live', 'backup', 'moment']),
  treeId: id.meta({ description: 'Of the cluster or the backup; of a moment CLUSTER.ZXID' }),
})

/** As `arkeeper export` prints it. */
export const znode = z
  .object({
    path: z.string(),
    kind,
    ttlMs: z.int().nullable(),
    data: bytes,
    truncated: z.boolean().meta({ description: '`data` ends after 1 MiB; the value operation gives all of it' }),
    hidden: z
      .object({ because: list(z.string()) })
      .optional()
      .meta({ description: 'The value is hidden, and `data` says nothing of it; a person reveals it in the browser' }),
    acl: list(z.object({ perms: z.int(), scheme: z.string(), id: z.string() })),
    stat: z.object({
      czxid: hex64,
      mzxid: hex64,
      pzxid: hex64,
      ctime: z.number(),
      mtime: z.number(),
      version: z.int(),
      cversion: z.int(),
      aversion: z.int(),
      ephemeralOwner: hex64,
      dataLength: count,
      numChildren: count,
    }),
  })
  .meta({ id: 'Znode' })

const child = z
  .object({
    name: z.string(),
    path: z.string(),
    kind,
    numChildren: z.int(),
    dataLength: z.int(),
    mtime: z.number(),
    mzxid: hex64,
  })
  .meta({ id: 'Child' })

export const treeOperations = {
  listChildren: operation({
    method: 'GET',
    path: '/trees/{kind}/{treeId}/children',
    tag: 'trees',
    summary: 'The children of a znode: on a live cluster, in a backup, or at a moment',
    action: null,
    params,
    query: z.object({ path, ...paging(1000, 200) }),
    body: null,
    answer: {
      kind: 'json',
      status: 200,
      schema: z.object({ items: list(child), total: count, next: z.string().nullable() }),
    },
  }),
  getZnode: operation({
    method: 'GET',
    path: '/trees/{kind}/{treeId}/znode',
    tag: 'trees',
    summary: 'One znode with its value, ACL and stat',
    action: null,
    params,
    query: z.object({ path }),
    body: null,
    answer: { kind: 'json', status: 200, schema: znode },
  }),
  readValue: operation({
    method: 'GET',
    path: '/trees/{kind}/{treeId}/value',
    tag: 'trees',
    summary: 'The whole value of a znode, byte for byte',
    action: null,
    params,
    query: z.object({ path }),
    body: null,
    answer: { kind: 'stream', status: 200, contentTypes: ['application/octet-stream'] },
  }),
  exportSubtree: operation({
    method: 'GET',
    path: '/trees/{kind}/{treeId}/export',
    tag: 'trees',
    summary: 'A subtree as JSON Lines, a znode a line, in path order',
    action: 'tree.export',
    params,
    query: z.object({ path }),
    body: null,
    answer: { kind: 'stream', status: 200, contentTypes: ['application/x-ndjson'] },
  }),
} as const
