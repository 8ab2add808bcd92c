import { belowBasePath } from './base-path.ts'
import type { ClusterSection, SettingsSection } from './cluster-pages.ts'

/** Every URL of the product is built here, pages first, route handlers under `api`. A tree is named by kind and id, as in TreeRef. */

export interface TreeAddress {
  readonly kind: 'live' | 'backup' | 'moment'
  /** Of a moment: `<clusterId>.<zxid>`. */
  readonly id: string
}

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>

function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '' || value === false) continue
    if (Array.isArray(value)) {
      for (const item of value) search.append(key, item)
    } else search.set(key, value === true ? '1' : String(value))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

const id = (value: string) => encodeURIComponent(value)
const hidingRoot = (path: string | undefined) => (path === '/' ? undefined : path)

/** `find` puts a text into the search of the tree; `history` shows the znode's history, and the two trees (TreeRef texts) compared;
 * `log` its transactions, `''` or the zxid of the one that is opened. */
interface TreeQuery {
  readonly path?: string
  readonly view?: string
  readonly find?: string
  readonly history?: boolean
  readonly from?: string
  readonly to?: string
  readonly log?: string | null
}

const toTreeQuery = ({ path, view, find, history, from, to, log }: TreeQuery) => ({
  path: hidingRoot(path),
  view,
  find,
  show: history ? 'history' : typeof log === 'string' ? 'log' : undefined,
  from,
  to,
  txn: log,
})

export const paths = {
  overview: () => '/',
  setup: () => '/setup',
  signIn: (query: { next?: string } = {}) =>
    withQuery('/sign-in', { next: query.next === '/' ? undefined : query.next }),

  /** The token of an invitation stands behind the `#`, which no server and no log ever gets to see. */
  invitation: (token?: string) => (token === undefined ? '/invitation' : `/invitation#${token}`),
  people: () => '/people',
  /** Which values are hidden from whom. */
  values: () => '/values',
  /** Where backups lie. */
  stores: () => '/stores',
  /** How every cluster is kept safe by the clock. */
  schedules: (query: { page?: number } = {}) =>
    withQuery('/schedules', { page: query.page === 1 ? undefined : query.page }),
  /** Of whoever is signed in. */
  account: () => '/account',
  apiDocs: () => '/api-docs',
  /** `alert`: the one of a notice, on top. */
  alerts: (query: { alert?: string; clusterId?: string; before?: string } = {}) =>
    withQuery('/alerts', { alert: query.alert, cluster: query.clusterId, before: query.before }),
  /** Channels, and the rules of alerts that hold everywhere. */
  notifications: () => '/notifications',
  /** Links and commands filled in for a cluster, at one of its headings. */
  help: (query: { clusterId?: string; about?: string } = {}) =>
    withQuery('/help', { cluster: query.clusterId }) + (query.about ? `#${query.about}` : ''),

  newCluster: () => '/clusters/new',
  cluster: (clusterId: string, section: ClusterSection = 'tree') => `/clusters/${id(clusterId)}/${section}`,
  clusterTree: (clusterId: string, query: TreeQuery = {}) =>
    withQuery(`/clusters/${id(clusterId)}/tree`, toTreeQuery(query)),

  /** Time travel: the tree as of a zxid, or of the last transaction at or before a time (UTC). */
  clusterHistory: (clusterId: string, query: TreeQuery & { zxid?: string; at?: string } = {}) =>
    withQuery(`/clusters/${id(clusterId)}/history`, { zxid: query.zxid, at: query.at, ...toTreeQuery(query) }),

  /** The settings of a cluster, at one of their sections. */
  clusterSettings: (clusterId: string, section: SettingsSection) =>
    `${paths.cluster(clusterId, 'settings')}#${section}`,
  /** Where a cluster is followed. */
  clusterFollow: (clusterId: string): string => paths.clusterSettings(clusterId, 'follow'),

  /** The transactions as they come, of one subtree and of some types, and the one that is opened. */
  clusterLive: (clusterId: string, query: { under?: string; show?: string | null; txn?: string } = {}) =>
    withQuery(`/clusters/${id(clusterId)}/live`, { ...query, under: hidingRoot(query.under) }),

  /** `schedule`: only the backups that it has taken. */
  clusterBackups: (
    clusterId: string,
    query: { safety?: boolean; schedule?: string; only?: 'going' | 'held'; before?: string; take?: boolean } = {},
  ) => withQuery(`/clusters/${id(clusterId)}/backups`, query),

  /** Which of its backups stay. */
  clusterKeepRules: (clusterId: string) => `${paths.cluster(clusterId, 'backups')}#keep-rules`,

  /** `every`: opens a new schedule of so many minutes. `before`: older runs. */
  clusterSchedules: (clusterId: string, query: { every?: number; before?: string } = {}) =>
    withQuery(`/clusters/${id(clusterId)}/schedules`, query),

  /** How its servers are, now and over a time. */
  clusterHealth: (clusterId: string, query: { range?: 'hour' | 'day' | 'week' | 'month' } = {}) =>
    withQuery(`/clusters/${id(clusterId)}/health`, { range: query.range === 'day' ? undefined : query.range }),

  /** `every`: minutes between two backups. */
  clusterRetention: (clusterId: string, query: { every?: number } = {}) =>
    withQuery(`/clusters/${id(clusterId)}/retention`, query),

  backup: (backupId: string) => `/backups/${id(backupId)}`,
  backupTree: (backupId: string, query: TreeQuery = {}) =>
    withQuery(`/backups/${id(backupId)}/tree`, toTreeQuery(query)),
  tree: (tree: TreeAddress, query: TreeQuery = {}) => {
    if (tree.kind === 'live') return paths.clusterTree(tree.id, query)
    if (tree.kind === 'backup') return paths.backupTree(tree.id, query)
    const [clusterId = '', zxid] = tree.id.split('.')
    return paths.clusterHistory(clusterId, { ...query, zxid })
  },

  diffs: () => '/diffs',
  newDiff: (query: { left?: string; right?: string; path?: string } = {}) =>
    withQuery('/diffs/new', { ...query, path: hidingRoot(query.path) }),
  diff: (
    diffId: string,
    query: {
      path?: string
      kinds?: readonly string[]
      fields?: readonly string[]
      search?: string
      /** `show`: what ignore rules hide is shown. */
      ignored?: string
      /** Picked znodes, and picked subtrees. */
      pick?: readonly string[]
      pickAll?: readonly string[]
      /** Where the picks are when they are too many for a URL. */
      picks?: string
    } = {},
  ) =>
    withQuery(`/diffs/${id(diffId)}`, {
      kind: query.kinds,
      field: query.fields,
      search: query.search,
      path: query.path,
      ignored: query.ignored,
      pick: query.pick,
      pickAll: query.pickAll,
      picks: query.picks,
    }),

  newRestore: (
    query: {
      clusterId?: string
      source?: string
      store?: string
      path?: string
      targetPath?: string
      mode?: string
      onConflict?: string
      counters?: string
      cap?: string
      quotas?: string
    } = {},
  ) =>
    withQuery('/restores/new', {
      cluster: query.clusterId,
      source: query.source,
      store: query.store,
      path: hidingRoot(query.path),
      to: query.targetPath,
      mode: query.mode,
      conflict: query.onConflict,
      counters: query.counters,
      cap: query.cap,
      quotas: query.quotas,
    }),
  restore: (restoreId: string, query: { step?: string } = {}) => withQuery(`/restores/${id(restoreId)}`, query),

  /** A cluster is made like another one, and follows it until clients are switched over. */
  migrations: () => '/migrations',
  newMigration: (query: { sourceId?: string; targetId?: string; from?: string; to?: string } = {}) =>
    withQuery('/migrations/new', {
      source: query.sourceId,
      target: query.targetId,
      from: hidingRoot(query.from),
      to: hidingRoot(query.to),
    }),
  migration: (migrationId: string) => `/migrations/${id(migrationId)}`,

  /** The files of servers are replaced by those of a backup. */
  newPhysical: (query: { backupId?: string; way?: string } = {}) =>
    withQuery('/physical/new', { backup: query.backupId, way: query.way }),
  physical: (physicalId: string) => `/physical/${id(physicalId)}`,

  searches: () => '/searches',
  search: (searchId: string, query: { page?: number } = {}) =>
    withQuery(`/searches/${id(searchId)}`, { page: query.page === 1 ? undefined : query.page }),

  audit: (
    query: {
      clusterId?: string
      actor?: string
      action?: string
      outcome?: string
      path?: string
      from?: string
      to?: string
      before?: number
    } = {},
  ) => withQuery('/audit', { ...query, clusterId: undefined, cluster: query.clusterId }),

  api: belowBasePath({
    auth: (call: 'sign-in/email' | 'sign-out') => `/api/auth/${call}`,
    openApi: () => '/api/v1/openapi.json',
    jobs: () => '/api/jobs',
    alertCounts: () => '/api/alerts',
    job: (jobId: string) => `/api/jobs/${id(jobId)}`,
    clusterStatus: (clusterId: string) => `/api/clusters/${id(clusterId)}/status`,
    clusterEvents: (clusterId: string) => `/api/clusters/${id(clusterId)}/events`,
    liveTransactions: (
      clusterId: string,
      query: { under?: string; types?: readonly string[]; before?: string | null; limit?: number } = {},
    ) =>
      withQuery(`/api/clusters/${id(clusterId)}/transactions`, {
        under: hidingRoot(query.under),
        type: query.types,
        before: query.before,
        limit: query.limit,
      }),
    liveWatched: (clusterId: string) => `/api/clusters/${id(clusterId)}/watched-paths`,
    clusterImport: (clusterId: string, query: { name: string; form?: string | null; note?: string }) =>
      withQuery(`/api/clusters/${id(clusterId)}/import`, query),
    clusterTest: () => '/api/clusters/test',
    advice: (clusterId: string, query: { path: string; act: string }) =>
      withQuery(`/api/clusters/${id(clusterId)}/advice`, query),
    descendants: (clusterId: string, path: string) => withQuery(`/api/clusters/${id(clusterId)}/descendants`, { path }),
    children: (tree: TreeAddress, query: { path: string; after?: string | null; limit?: number }) =>
      withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/children`, query),
    znode: (tree: TreeAddress, path: string) => withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/znode`, { path }),
    znodeData: (tree: TreeAddress, path: string, query: { unpack?: boolean } = {}) =>
      withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/data`, { path, ...query }),
    history: (tree: TreeAddress, query: { path: string; before?: string | null }) =>
      withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/history`, query),
    znodeLog: (tree: TreeAddress, query: { path: string; before?: string | null }) =>
      withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/log`, query),
    znodeTransaction: (tree: TreeAddress, query: { path: string; zxid: string }) =>
      withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/transaction`, query),
    znodePair: (query: { left: string; right: string; path: string }) => withQuery('/api/znode-pair', query),
    treeSize: (tree: TreeAddress, path: string) => withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/size`, { path }),
    treeExport: (tree: TreeAddress, path: string, exportId: string) =>
      withQuery(`/api/trees/${tree.kind}/${id(tree.id)}/export`, { path, export: exportId }),
    exportState: (exportId: string) => `/api/exports/${id(exportId)}`,
    backupFile: (backupId: string, name: string) => `/api/backups/${id(backupId)}/files/${encodeURIComponent(name)}`,
    diff: (diffId: string) => `/api/diffs/${id(diffId)}`,
    diffTree: (
      diffId: string,
      query: {
        parent: string
        after?: string | null
        limit?: number
        kinds: readonly string[]
        fields: readonly string[]
        search: string
        ignored?: string
      },
    ) =>
      withQuery(`/api/diffs/${id(diffId)}/tree`, {
        parent: query.parent,
        after: query.after,
        limit: query.limit,
        kind: query.kinds,
        field: query.fields,
        search: query.search,
        ignored: query.ignored,
      }),
    diffIgnored: (diffId: string) => `/api/diffs/${id(diffId)}/ignored`,
    change: (diffId: string, path: string) => withQuery(`/api/diffs/${id(diffId)}/change`, { path }),
    diffExport: (diffId: string) => `/api/diffs/${id(diffId)}/export`,
    search: (searchId: string) => `/api/searches/${id(searchId)}`,
    searchHits: (searchId: string, query: { from?: number; limit?: number } = {}) =>
      withQuery(`/api/searches/${id(searchId)}/hits`, query),
    places: () => '/api/places',
    restore: (restoreId: string) => `/api/restores/${id(restoreId)}`,
    restoreSteps: (
      restoreId: string,
      query: { after?: number | null; limit?: number; kind?: string; under?: string } = {},
    ) => withQuery(`/api/restores/${id(restoreId)}/steps`, query),
    restoreGuards: (restoreId: string) => `/api/restores/${id(restoreId)}/guards`,
    restoreReport: (restoreId: string, query: { format?: 'jsonl' | 'csv'; kind?: string } = {}) =>
      withQuery(`/api/restores/${id(restoreId)}/report`, query),
    restoreResults: (restoreId: string, query: { after?: number | null; result?: string } = {}) =>
      withQuery(`/api/restores/${id(restoreId)}/results`, query),
    restoreStale: (restoreId: string, query: { after?: number | null } = {}) =>
      withQuery(`/api/restores/${id(restoreId)}/stale`, query),
    restoreLaterWrites: (restoreId: string, query: { from?: number | null } = {}) =>
      withQuery(`/api/restores/${id(restoreId)}/later-writes`, query),
    migration: (migrationId: string) => `/api/migrations/${id(migrationId)}`,
    migrationClients: (migrationId: string) => `/api/migrations/${id(migrationId)}/clients`,
    migrationProof: (migrationId: string) => `/api/migrations/${id(migrationId)}/proof`,
    physical: (physicalId: string) => `/api/physical/${id(physicalId)}`,
    physicalBundle: (physicalId: string) => `/api/physical/${id(physicalId)}/bundle`,
    auditExport: (
      format: 'csv' | 'jsonl',
      query: {
        clusterId?: string
        actor?: string
        action?: string
        outcome?: string
        path?: string
        from?: string
        to?: string
      } = {},
    ) => withQuery('/api/audit/export', { ...query, clusterId: undefined, cluster: query.clusterId, format }),
  }),
} as const

/**
 * Where to go after signing in: only a path of this site, never another host. It is asked what a browser would make of it, because that
 * drops tabs and line ends and resolves dots: `/<tab>/evil.example` and `/.//evil.example` lead elsewhere.
 */
export function safeNextPath(next: string | undefined): string {
  if (!next?.startsWith('/') || !URL.canParse(next, ANYWHERE)) return paths.overview()
  const url = new URL(next, ANYWHERE)
  if (url.origin !== ANYWHERE || url.pathname.startsWith('//')) return paths.overview()
  return url.pathname + url.search + url.hash
}

const ANYWHERE = 'https://arkeeper.invalid'
