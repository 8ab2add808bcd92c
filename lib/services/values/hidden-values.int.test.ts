import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { assertPlanSteps } from '../../domain/restore/plan-hash.ts'
import { readSourceFiles } from '../../testing/import-graph.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { exportAudit } from '../audit/export-audit.ts'
import { getBackup } from '../backups/get-backup.ts'
import { openBackupFile } from '../backups/open-backup-file.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { Role, ServiceContext } from '../context.ts'
import { getIgnored } from '../diffs/apply-ignore-rules.ts'
import { exportChanges } from '../diffs/export-changes.ts'
import { getChange } from '../diffs/get-change.ts'
import { getDiff } from '../diffs/get-diff.ts'
import { listDiffTree } from '../diffs/list-diff-tree.ts'
import { startDiff } from '../diffs/start-diff.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { adviseOnPath } from '../guards/advise-on-path.ts'
import { lookAgain } from '../guards/look-again.ts'
import { getJob } from '../jobs/get-job.ts'
import { listJobs } from '../jobs/list-jobs.ts'
import { listLiveTransactions } from '../live/list-transactions.ts'
import { archiveLogs } from '../logs/archive-logs.ts'
import { getZnodeTransaction } from '../logs/get-znode-transaction.ts'
import { listZnodeTransactions } from '../logs/list-znode-transactions.ts'
import { listPlaces } from '../places/list-places.ts'
import { createRestore } from '../restores/create-restore.ts'
import { exportReport } from '../restores/export-report.ts'
import { getRestore } from '../restores/get-restore.ts'
import { listLaterWrites } from '../restores/list-later-writes.ts'
import { listPlanSteps } from '../restores/list-plan-steps.ts'
import { listStepResults } from '../restores/list-step-results.ts'
import { listStaleLines } from '../restores/stale-lines.ts'
import { getSearch } from '../searches/get-search.ts'
import { listHits } from '../searches/list-hits.ts'
import { startSearch } from '../searches/start-search.ts'
import { countDescendants } from '../tree/count-descendants.ts'
import { createZnode } from '../tree/create-znode.ts'
import { exportSubtree } from '../tree/export-subtree.ts'
import { getExport } from '../tree/get-export.ts'
import { getZnode } from '../tree/get-znode.ts'
import { getZnodePair } from '../tree/get-znode-pair.ts'
import { listChildren } from '../tree/list-children.ts'
import { listHistory } from '../tree/list-history.ts'
import { measureSubtree } from '../tree/measure-subtree.ts'
import { readValue } from '../tree/read-value.ts'
import { setZnodeData } from '../tree/set-znode-data.ts'
import { switchKnownSecret } from './edit-value-rules.ts'
import { revealTransaction, revealValue } from './reveal-value.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Of one shape, so that base64 and hex of each begin alike. */
const ONE = 'PLANTED-one'
const TWO = 'PLANTED-two!'
const PACKED = 'PLANTED-packed'
const FORMS = ['PLANTED', 'UExBTlRF', '504c414e544544', gzipSync(PACKED).toString('base64').slice(16, 32)]
const SECRET = '/app/db-password'
const TOKEN = '/app/api-token'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let clusterId = ''
/** What there is to ask for. */
let at = { backupId: '', moment: '0x0', zxid: '0x0', diffId: '', searchId: '', restoreId: '', jobId: '' }

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
  const none = { client: null, adminUrl: null, stop: null, start: null, owner: null }
  const { dataDir } = server
  const members = [{ cluster: 'orders', name: 'zk1', dataDir, dataLogDir: dataDir, ...none }]
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives(), members })
  await addTestPeople(services)
  const admin = as('admin')
  for (const path of ['/inner', '/inner/app']) await tree.create(path, '')
  await tree.create(`/inner${SECRET}`, ONE)
  await tree.create(`/inner${TOKEN}`, gzipSync(PACKED))
  await tree.create('/inner/app/plain', 'seen by all')
  const connectString = `${server.connectString}/inner`
  clusterId = (await addCluster(admin, { name: 'orders', connectString })).id
  await armCluster(admin, { clusterId, minutes: 15, reason: 'test' })
  await startBackup(as('operator'), { clusterId })
  await workOffJobs(services)
  const moment = formatHex64((await tree.find('/inner/app/plain'))!.stat.mzxid)
  await tree.set(`/inner${SECRET}`, TWO)
  await tree.set('/inner/app/plain', 'seen by everybody')
  await archiveLogs(admin, clusterId)
  const backupId = (await admin.db.backup.findFirstOrThrow({ select: { id: true } })).id
  const zxid = formatHex64((await tree.find(`/inner${SECRET}`))!.stat.mzxid)
  const { diffId, jobId } = await startDiff(as('viewer'), { left: `backup:${backupId}`, right: `live:${clusterId}` })
  const { searchId } = await startSearch(as('admin'), { tree: `live:${clusterId}`, valueForm: 'text', value: 'ANTED' })
  const source = `backup:${backupId}`
  const { restoreId } = await createRestore(as('operator'), { clusterId, source, selection: { kind: 'all' } })
  await workOffJobs(services)
  at = { backupId, moment, zxid, diffId, searchId, restoreId, jobId }
})
afterAll(async () => {
  await services?.close()
  await client?.close()
  await server?.stop()
})

const as = (role: Role) => services.contextFor(role)
const live = () => ({ kind: 'live', clusterId }) as const
const backup = () => ({ kind: 'backup', backupId: at.backupId }) as const
const moment = () => ({ kind: 'moment', clusterId, zxid: at.moment }) as const

async function collect(pieces: AsyncIterable<unknown>): Promise<string[]> {
  const all: string[] = []
  for await (const piece of pieces) all.push(String(piece))
  return all
}

type Ask = (context: ServiceContext, path: string) => Promise<unknown>

/** Every verb behind a GET of the product. What they answer is looked at as a whole. */
const READING: Readonly<Record<string, Ask>> = {
  getZnode: (context, path) => Promise.all([live(), backup(), moment()].map((ref) => getZnode(context, { ref, path }))),
  getZnodePair: (context, path) =>
    getZnodePair(context, { left: `backup:${at.backupId}`, right: `live:${clusterId}`, path }),
  readValue: (context, path) =>
    Promise.allSettled(
      [live(), backup(), moment()].flatMap((ref) =>
        [true, false].map(async (unpack) => {
          const { data } = await readValue(context, { ref, path, unpack })
          return Buffer.from(data).toString()
        }),
      ),
    ),
  listChildren: (context) => listChildren(context, { ref: live(), path: '/app' }),
  listHistory: (context, path) => listHistory(context, { ref: live(), path }),
  measureSubtree: (context, path) => measureSubtree(context, { ref: backup(), path }),
  countDescendants: (context, path) => countDescendants(context, { clusterId, path }),
  listZnodeTransactions: (context, path) => listZnodeTransactions(context, { ref: live(), path }),
  getZnodeTransaction: (context) => getZnodeTransaction(context, { ref: live(), path: SECRET, zxid: at.zxid }),
  listLiveTransactions: (context) => listLiveTransactions(context, { clusterId }),
  exportSubtree: async (context) => [
    await collect(exportSubtree(context, { ref: live(), path: '/', exportId: 'e1' })),
    await collect(exportSubtree(context, { ref: backup(), path: '/app', exportId: 'e2' })),
  ],
  getExport: (context) => getExport(context, 'e1'),
  getDiff: (context) => getDiff(context, at.diffId),
  listDiffTree: (context) => listDiffTree(context, { diffId: at.diffId, parent: '/app' }),
  getChange: (context) => getChange(context, { diffId: at.diffId, path: SECRET }),
  getIgnored: (context) => getIgnored(context, at.diffId),
  exportChanges: (context) => collect(exportChanges(context, at.diffId)),
  getSearch: async (context) => ({ ...(await getSearch(context, at.searchId)), value: 'what the searcher typed' }),
  listHits: (context) => listHits(context, { searchId: at.searchId }),
  getRestore: (context) => getRestore(context, at.restoreId),
  listPlanSteps: (context) => listPlanSteps(context, { restoreId: at.restoreId }),
  listStepResults: (context) => listStepResults(context, { restoreId: at.restoreId }),
  listLaterWrites: (context) => listLaterWrites(context, { restoreId: at.restoreId }),
  listStaleLines: (context) => listStaleLines(context, { restoreId: at.restoreId }),
  exportReport: (context) => collect(exportReport(context, at.restoreId)),
  lookAgain: (context) => lookAgain(context, at.restoreId),
  adviseOnPath: (context, path) => adviseOnPath(context, { clusterId, path, act: 'change' }),
  getJob: (context) => getJob(context, at.jobId),
  listJobs: (context) => listJobs(context, {}),
  listPlaces: (context) => listPlaces(context),
  exportAudit: (context) => collect(exportAudit(context, { format: 'jsonl' })),
}

/** Verbs behind a GET that are not asked here, and why. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  openBackupFile: 'whole files: asked below',
  openBundle: 'whole files, for administrators; see reading-verbs.test.ts',
  exportFileName: 'a name',
  getClusterStatus: 'asks servers, not znodes',
  countOpenAlerts: 'counts',
  getLiveStatus: 'states and counts',
  getMigration: 'counts',
  getProofFile: 'paths and kinds of differences',
  getSourceClients: 'sessions of servers',
  getPhysical: 'files and steps',
}

async function answerOf(ask: Ask, context: ServiceContext, path: string): Promise<string> {
  try {
    return JSON.stringify(await ask(context, path))
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return JSON.stringify({ refused: error.code, message: error.message, details: error.details })
  }
}

describe('values that look like secrets, on a real server', () => {
  it('every verb behind a GET is asked for them, or it is said why not', () => {
    const routes = readSourceFiles(ROOT, ['app']).filter(({ path }) => /^app\/api\/.*\/route\.ts$/.test(path))
    const gets = routes
      .map(({ path }) => readFileSync(join(ROOT, path), 'utf8'))
      .filter((code) => /function GET\b/.test(code))
    const names = gets.flatMap((code) =>
      [...code.matchAll(/^import \{([^}]+)\} from '@\/lib\/services\/[^']+'/gm)].flatMap(([, list]) =>
        `${list}`.split(',').map((name) => name.trim()),
      ),
    )
    const verbs = names.filter((name) =>
      /^(get|list|read|find|export|open|measure|count|look|advise|watch)[A-Z]/.test(name),
    )
    expect(verbs.length).toBeGreaterThan(30)
    expect(verbs.filter((name) => !(name in READING) && !(name in NOT_ASKED))).toEqual([])
  })

  it('are in no answer to a viewer or an operator, and other values are', { timeout: 60_000 }, async () => {
    for (const role of ['viewer', 'operator'] as const) {
      for (const [name, ask] of Object.entries(READING)) {
        for (const path of [SECRET, TOKEN]) {
          const answer = await answerOf(ask, as(role), path)
          for (const form of FORMS) expect(answer, `${role} ${name} ${path}`).not.toContain(form)
          if (role === 'operator') expect(answer, name).not.toContain('"refused"')
        }
      }
      const plain = await answerOf(READING.getZnode!, as(role), '/app/plain')
      expect(plain).toContain(Buffer.from('seen by all').toString('base64').slice(0, 12))
    }
    expect(await answerOf(READING.getSearch!, as('viewer'), SECRET)).toContain('"hits":0')
    const refused = openBackupFile(as('viewer'), { backupId: at.backupId, name: 'manifest.json' })
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const { manifest } = await getBackup(as('viewer'), at.backupId)
    for (const form of FORMS) expect(JSON.stringify(manifest)).not.toContain(form)
    // Whoever can guess a small secret could prove it by a sum.
    expect(manifest.files.map(({ sha256 }) => sha256)).toEqual(manifest.files.map(() => ''))
    expect(manifest.digest).toBeNull()
    expect((await getBackup(as('operator'), at.backupId)).manifest.digest).not.toBeNull()
    const restore = await as('operator').db.restore.findUniqueOrThrow({ where: { id: at.restoreId } })
    const directory = new RestoreDirectory(join(as('operator').paths.workDir, restore.dir))
    const { summary } = await directory.readPlan()
    expect(summary.plan).toBe(restore.planHash)
    const { salt, ...told } = summary
    expect(salt).toBeDefined()
    await expect(assertPlanSteps(told, directory.readStepLines())).rejects.toMatchObject({ code: 'PLAN_MISMATCH' })
    const shown = await answerOf(READING.getRestore!, as('viewer'), SECRET)
    expect(shown).toContain(summary.plan)
    expect(shown).not.toContain(salt)
  })

  it('are revealed one by one, live, in a backup, at a moment and in a transaction, each on record', async () => {
    const reveal = async (ref: string, path = SECRET) => {
      const reading = await revealValue(as('operator'), { tree: ref, path })
      if (reading.kind !== 'found') throw new Error(reading.kind)
      const { data, unpacked } = reading.znode
      const shown = unpacked?.kind === 'unpacked' ? unpacked.data : data
      return Buffer.from(shown ?? '', 'base64').toString()
    }
    expect(await reveal(`live:${clusterId}`)).toBe(TWO)
    expect(await reveal(`backup:${at.backupId}`)).toBe(ONE)
    expect(await reveal(`moment:${clusterId}.${at.moment}`)).toBe(ONE)
    expect(await reveal(`live:${clusterId}`, TOKEN)).toBe(PACKED)
    const asked = { tree: `live:${clusterId}`, path: SECRET, zxid: at.zxid }
    const { before, after } = await revealTransaction(as('operator'), asked)
    expect([before, after]).toMatchObject([
      { value: { data: Buffer.from(ONE).toString('base64') } },
      { value: { data: Buffer.from(TWO).toString('base64') } },
    ])
    await expect(revealTransaction(as('viewer'), asked)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const entries = (await services.readAudit()).filter(
      ({ action, outcome }) => action === 'value.reveal' && outcome === 'ok',
    )
    expect(entries.map(({ path }) => path)).toEqual([SECRET, SECRET, SECRET, TOKEN, SECRET])
    const stored = JSON.stringify(await services.readAudit()) + services.logLines.join('')
    for (const form of FORMS) expect(stored).not.toContain(form)
  })

  it('are overwritten by who has revealed that version, or knows that they have not', async () => {
    const path = '/app/other-secret'
    await tree.create(`/inner${path}`, ONE)
    const write = async (unseen: boolean, data = 'bmV3') => {
      const { stat } = (await tree.find(`/inner${path}`))!
      const expected = { expectedVersion: stat.version, expectedCzxid: formatHex64(stat.czxid) }
      return setZnodeData(as('operator'), { clusterId, path, data, ...expected, unseen })
    }
    await expect(write(false)).rejects.toMatchObject({ code: 'WRITE_REFUSED', unaffected: 'nothing was written' })
    await revealValue(as('operator'), { tree: `live:${clusterId}`, path })
    expect(await write(false)).toMatchObject({ kind: 'done' })
    // What was seen was another version.
    await expect(write(false)).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    expect(await write(true)).toMatchObject({ kind: 'done' })
    const last = (await services.readAudit()).at(-1)
    expect(last).toMatchObject({ action: 'znode.set-data', after: { unseen: true } })
  })

  it('are not told by the conflict of an edit', async () => {
    const conflict = await setZnodeData(as('operator'), {
      clusterId,
      path: SECRET,
      data: 'bmV3',
      expectedVersion: 0,
      expectedCzxid: formatHex64((await tree.find(`/inner${SECRET}`))!.stat.czxid),
    })
    expect(conflict).toMatchObject({ kind: 'conflict', theirs: { znode: { data: null, hidden: { mayReveal: true } } } })
    const taken = await createZnode(as('operator'), { clusterId, path: SECRET, data: 'bmV3', kind: 'persistent' })
    expect(taken).toMatchObject({ kind: 'conflict', theirs: { znode: { data: null } } })
    for (const form of FORMS) expect(JSON.stringify([conflict, taken])).not.toContain(form)
  })

  it('were in the answers of these verbs if no rule hid them', async () => {
    for (const ruleId of ['name-password', 'name-token']) {
      await switchKnownSecret(as('admin'), { ruleId, enabled: false, recordsReads: false })
    }
    const telling: string[] = []
    for (const [name, ask] of Object.entries(READING)) {
      const answer = await answerOf(ask, as('operator'), SECRET)
      if (FORMS.some((form) => answer.includes(form))) telling.push(name)
    }
    const values = ['getZnode', 'getZnodePair', 'readValue', 'getZnodeTransaction', 'exportSubtree', 'getChange']
    expect(telling.sort()).toEqual(values.sort())
  })
})
