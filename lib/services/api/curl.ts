import { API_ROOT, OPERATIONS, type OperationId } from './contract.ts'
import type { OperationShape } from './operation.ts'

/** The file holds the header of the token: as an argument everybody on the host could read it. */
export const HEADER_FILE = '~/.arkeeper-header'

/** What stands for each parameter; a shell fills it in. */
const VARIABLES: Readonly<Record<string, string>> = {
  clusterId: '$CLUSTER_ID',
  backupId: '$BACKUP_ID',
  diffId: '$DIFF_ID',
  searchId: '$SEARCH_ID',
  restoreId: '$RESTORE_ID',
  jobId: '$JOB_ID',
  scheduleId: '$SCHEDULE_ID',
  kind: 'live',
  treeId: '$CLUSTER_ID',
  storeId: '$STORE_ID',
  alertId: '$ALERT_ID',
  recipientId: '$RECIPIENT_ID',
  unlockId: '$UNLOCK_ID',
  name: 'manifest.json',
}

const QUERIES: Partial<Record<OperationId, string>> = {
  listChildren: 'path=/&limit=100',
  getZnode: 'path=/',
  readValue: 'path=/',
  exportSubtree: 'path=/',
  listBackups: 'clusterId=$CLUSTER_ID&limit=20',
  listTransactions: 'under=/&limit=20',
  listSteps: 'limit=100',
  getJob: 'waitSeconds=30',
  listJobs: 'state=failed',
  listHealthSamples: 'from=1790000000000&to=1790003600000',
  previewKeepRules: 'last=7&daily=14&weekly=8',
  listSchedules: 'clusterId=$CLUSTER_ID',
  listScheduleRuns: 'scheduleId=$SCHEDULE_ID&limit=20',
  listAudit: 'action=restore&limit=20',
  exportAudit: 'format=csv',
}

const SCHEDULE = '"cron": "0 2 * * *", "timeZone": "Europe/Berlin", "jitterMinutes": 10'
const RULES =
  '{"timeZone": "UTC", "last": 7, "hourly": 24, "daily": 14, "weekly": 8, "monthly": 12, "yearly": 3, "atLeast": 3, "minAgeDays": 1, "safetyDays": 30, "unsoundDays": 30, "graceDays": 3, "when": "daily", "hour": 3, "logDays": null}'
const CONFIRMATION = '{"plan": "$PLAN", "clusterName": "$CLUSTER_NAME", "reason": "put back what was deleted"}'
const BODIES: Partial<Record<OperationId, string>> = {
  startBackup: '{"clusterId": "$CLUSTER_ID", "note": "before the upgrade"}',
  pinBackup: '{"pinned": true}',
  noteBackup: '{"note": "before the upgrade"}',
  startRescan: '{"storeId": "$STORE_ID"}',
  copyBackup: '{"storeId": "$STORE_ID"}',
  setEncryption: '{"mode": "own"}',
  keepTransactionLog: '{"enabled": true, "everySeconds": 60}',
  mendLogPiece: '{"storeId": "$STORE_ID", "first": "0x1"}',
  addRecipient: '{"recipient": "$AGE_PUBLIC_KEY", "label": "safe of the office"}',
  acknowledgeAlert: '{"reason": "the disk is being replaced", "minutes": 120}',
  startDiff: '{"left": "backup:$BACKUP_ID", "right": "live:$CLUSTER_ID"}',
  startSearch: '{"tree": "backup:$BACKUP_ID", "pathPattern": "config"}',
  planRestore: '{"clusterId": "$CLUSTER_ID", "source": "backup:$BACKUP_ID", "mode": "update"}',
  undoTransaction: '{"zxid": "0x200000a1c"}',
  confirmRestore: CONFIRMATION,
  requestApproval: CONFIRMATION,
  undoRestore: '{"laterWrites": "keep"}',
  createSchedule: `{"clusterId": "$CLUSTER_ID", "name": "nightly", ${SCHEDULE}}`,
  updateSchedule: `{"name": "before work", ${SCHEDULE}, "overlap": "skip"}`,
  setKeepRules: `{"enabled": true, "rules": ${RULES}}`,
  setFollow: '{"enabled": true, "quorumServers": "zk1:2888,zk2:2888,zk3:2888", "understood": true}',
  placeHold: '{"reason": "evidence for the incident of May"}',
  liftHolds: '{"reason": "the incident is closed"}',
}

/** The operation as a line for a shell, where a server and ids stand in variables. */
export function curlOf(id: OperationId): string {
  const { method, path, answer }: OperationShape = OPERATIONS[id]
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => VARIABLES[name] ?? `$${name.toUpperCase()}`)
  const query = QUERIES[id]
  const body = BODIES[id]
  return [
    `curl -sS${method === 'GET' ? '' : ` -X ${method}`}${answer.kind === 'stream' ? ' -f' : ''} -H @${HEADER_FILE}`,
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json' -d @-`]),
    `"$ARKEEPER_SERVER${API_ROOT}${address}${query === undefined ? '' : `?${query}`}"${body === undefined ? '' : ' <<END'}`,
  ]
    .join(' \\\n  ')
    .concat(body === undefined ? '' : `\n${body}\nEND`)
}
