import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, hex64, id, jobStarted, list, nothing, pageOf, paging, readFrom, time } from '../shapes.ts'

const shape = {
  id,
  clusterId: id,
  clusterName: z.string(),
  purpose: z.enum(['manual', 'safety', 'scheduled']),
  source: z.string(),
  schedule: z
    .object({ id, name: z.string() })
    .nullable()
    .meta({ description: 'The schedule that took it, by the name that it had then' }),
  sourceFaults: list(z.object({ source: z.string(), message: z.string() })).meta({
    description: 'Sources that come first in its chain and could not serve',
  }),
  status: z.enum(['complete', 'partial']),
  consistency: z.enum(['exact', 'fuzzy']),
  proof: z.string().nullable(),
  zxid: hex64,
  zxidFrom: hex64,
  zxidTo: hex64,
  scopePaths: list(z.string()),
  znodes: count,
  dataBytes: count,
  archiveBytes: count,
  takenAt: time,
  durationMs: count,
  pinned: z.boolean(),
  note: z.string(),
  verifiedAt: time.nullable(),
  verifyOk: z.boolean().nullable(),
  verifyDepth: z
    .enum(['sums', 'all'])
    .meta({ description: '`sums`: verified without the key of an encrypted backup, as far as that goes' }),
  places: list(
    z.object({ storeId: id, store: z.string(), state: z.enum(['there', 'damaged', 'missing', 'coming', 'failed']) }),
  ).meta({ description: 'Stores that hold it or should, the one that it was put first in at the head' }),
  recipients: list(z.string()).nullable().meta({ description: 'Public keys of age; null: not encrypted' }),
  drill: z.object({ at: time, ok: z.boolean(), provedAt: time.nullable() }).nullable(),
  isLastGood: z.boolean(),
  createdByName: z.string().nullable(),
  goes: z
    .object({ after: time, reason: z.string() })
    .nullable()
    .meta({ description: 'No keep rule keeps it: it is removed after that time; null: it stays' }),
  hold: z
    .object({ by: z.string(), reason: z.string(), until: time.nullable() })
    .nullable()
    .meta({ description: 'Nothing removes it while that hold stands' }),
}
export const backup = z.object(shape).meta({ id: 'Backup' })
const detail = z
  .object({
    ...shape,
    files: list(z.object({ name: z.string(), bytes: count, sha256: z.string() })),
    verifyProblems: list(z.object({ code: z.string(), message: z.string() })).nullable(),
    verifiedIn: readFrom.nullable().meta({ description: 'What the last verification has read' }),
    drilledFrom: readFrom.nullable().meta({ description: 'What the last drill has read' }),
  })
  .meta({ id: 'BackupDetail' })

const params = z.object({ backupId: id })
const inStore = (otherwise: string) =>
  z.object({ storeId: id.optional().meta({ description: `As it lies in that store; absent: ${otherwise}` }) })
const scopes = ['read', 'backup', 'restore'] as const

export const backupOperations = {
  listBackups: operation({
    method: 'GET',
    path: '/backups',
    tag: 'backups',
    summary: 'Backups, the latest first',
    action: null,
    scopes,
    params: nothing,
    query: z.object({
      clusterId: id.optional(),
      scheduleId: id.optional(),
      includeSafety: z.stringbool().default(false).meta({ description: 'Also those that restores have taken' }),
      only: z
        .enum(['going', 'held'])
        .optional()
        .meta({ description: 'Only those that wait for their removal, or are held' }),
      ...paging(500, 100),
    }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(backup) },
  }),
  getBackup: operation({
    method: 'GET',
    path: '/backups/{backupId}',
    tag: 'backups',
    summary: 'One backup, its files and what verification found',
    action: null,
    scopes,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: detail },
  }),
  startBackup: operation({
    method: 'POST',
    path: '/backups',
    tag: 'backups',
    summary: 'Take a backup',
    description: 'It is in the list when its archive is complete and was read back, not before: follow the job.',
    action: 'backup.start',
    params: nothing,
    query: nothing,
    body: z.object({
      clusterId: id,
      paths: z.array(z.string().min(1)).max(100).optional().meta({ description: 'Absent: the whole tree' }),
      note: z.string().max(500).optional(),
      source: z.enum(['client', 'admin', 'files', 'observer', 'automatic']).optional().meta({
        description:
          'How it is taken; automatic: files, observer, admin, client, the first that serves; absent: client',
      }),
    }),
    answer: { kind: 'json', status: 202, schema: z.object({ jobId: id, backupId: id }) },
  }),
  verifyBackup: operation({
    method: 'POST',
    path: '/backups/{backupId}/verify',
    tag: 'backups',
    summary: 'Read a backup back and check every byte of it',
    action: 'backup.verify',
    params,
    query: nothing,
    body: inStore('where it was put first'),
    answer: { kind: 'json', status: 202, schema: jobStarted },
  }),
  drillBackup: operation({
    method: 'POST',
    path: '/backups/{backupId}/drill',
    tag: 'backups',
    summary: 'Prove a backup on a scratch server',
    action: 'backup.drill',
    params,
    query: nothing,
    body: inStore('where it was put first, or a copy where that is not to be had'),
    answer: { kind: 'json', status: 202, schema: jobStarted },
  }),
  pinBackup: operation({
    method: 'POST',
    path: '/backups/{backupId}/pin',
    tag: 'backups',
    summary: 'Keep a backup from being deleted, or let it go',
    action: 'backup.pin',
    params,
    query: nothing,
    body: z.object({ pinned: z.boolean() }),
    answer: { kind: 'json', status: 200, schema: backup },
  }),
  noteBackup: operation({
    method: 'POST',
    path: '/backups/{backupId}/note',
    tag: 'backups',
    summary: 'Note something on a backup',
    action: 'backup.note',
    params,
    query: nothing,
    body: z.object({ note: z.string().max(500) }),
    answer: { kind: 'json', status: 200, schema: backup },
  }),
  deleteBackup: operation({
    method: 'DELETE',
    path: '/backups/{backupId}',
    tag: 'backups',
    summary: 'Delete a backup and its files',
    action: 'backup.delete',
    params,
    query: z.object({
      acknowledgeLastGood: z
        .stringbool()
        .default(false)
        .meta({ description: 'Needed where it is the last good backup of its cluster' }),
    }),
    body: null,
    answer: { kind: 'none', status: 204 },
  }),
  downloadBackupFile: operation({
    method: 'GET',
    path: '/backups/{backupId}/files/{name}',
    tag: 'backups',
    summary: 'One file of a backup; `manifest.json` lists them',
    action: 'backup.download',
    params: z.object({ backupId: id, name: z.string().min(1).max(500) }),
    query: nothing,
    body: null,
    answer: {
      kind: 'stream',
      status: 200,
      contentTypes: ['application/json', 'application/gzip', 'application/octet-stream'],
    },
  }),
} as const
