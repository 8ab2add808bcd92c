import type { OperationId } from '../../lib/services/api/contract.ts'
import type { Role } from '../../lib/services/context.ts'
import type { Gallery } from './gallery.ts'

/** Before there is a session: their right is a fresh installation, or the token of a link. */
export const OPEN_ACTIONS = ['createAdministratorAction', 'openInvitationAction', 'acceptInvitationAction']

interface NeededRole {
  readonly least: Exclude<Role, 'viewer'>
  /** What is sound, so that nothing but the role stands in the way of it. */
  readonly input: unknown
}

/** What the gallery does not know: somebody whom no test depends on, and a step of its runbook. */
export interface Besides {
  readonly userId: string
  readonly step: string
}

/** Every server action with the least role that may do it; `viewer` where nothing is asked but a session. An action that is missing here fails the architecture test. */
export function roleMap(gallery: Gallery, { userId, step }: Besides): Record<string, NeededRole | 'viewer'> {
  const { backupId, migrationId, plannedRestoreId, finishedRestoreId, runbookId, jobId } = gallery
  const clusterId = gallery.cluster.id
  const operator = (input: unknown): NeededRole => ({ least: 'operator', input })
  const admin = (input: unknown): NeededRole => ({ least: 'admin', input })
  const zxid = '0x1'
  const znode = { clusterId, path: '/flags/dark-mode' }
  const reason = 'a walk through all doors'
  const planHash = 'none'
  const typedName = gallery.cluster.name
  const another = { name: 'another', connectString: '127.0.0.1:1' }
  return {
    startBackupAction: operator({ clusterId }),
    startVerifyAction: operator({ backupId }),
    startDrillAction: operator({ backupId }),
    setBackupPinnedAction: operator({ backupId, pinned: true }),
    setBackupNoteAction: operator({ backupId, note: reason }),
    deleteBackupAction: admin({ backupId, acknowledgeLastGood: true }),
    createRestoreAction: operator({ clusterId, source: `backup:${backupId}`, selection: { kind: 'all' } }),
    confirmRestoreAction: operator({ restoreId: plannedRestoreId, planHash, typedName, reason }),
    replanRestoreAction: operator({ restoreId: plannedRestoreId }),
    replanStaleAction: operator({ restoreId: plannedRestoreId }),
    planAnewAction: operator({ restoreId: finishedRestoreId }),
    resumeRestoreAction: operator({ restoreId: finishedRestoreId }),
    pauseRestoreAction: operator({ restoreId: finishedRestoreId }),
    cancelRestoreAction: operator({ restoreId: plannedRestoreId }),
    startUndoAction: operator({ restoreId: finishedRestoreId }),
    requestApprovalAction: operator({
      subjectKind: 'restore',
      subjectId: plannedRestoreId,
      planHash,
      typedName,
      reason,
    }),
    decideApprovalAction: operator({ approvalId: 'none', planHash, decision: 'approve' }),
    cancelJobAction: operator({ jobId }),
    retryJobAction: operator({ jobId }),
    startSearchAction: 'viewer',
    startDiffAction: 'viewer',
    resolvePicksAction: 'viewer',
    prepareMomentAction: 'viewer',
    saveMomentAction: operator({ clusterId, zxid }),
    createZnodeAction: operator({ clusterId, path: '/flags/by-a-viewer', data: null, kind: 'persistent' }),
    setZnodeDataAction: operator({ ...znode, data: '', expectedVersion: 0, expectedCzxid: zxid }),
    setZnodeAclAction: operator({
      ...znode,
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      expectedAversion: 0,
      expectedCzxid: zxid,
    }),
    deleteZnodeAction: operator({ ...znode, expectedVersion: 0, expectedCzxid: zxid, descendants: 0 }),
    restoreZnodeVersionAction: operator({ ...znode, zxid, part: 'data', expected: null }),
    revokeSessionAction: 'viewer',
    revokeOtherSessionsAction: 'viewer',
    changePasswordAction: 'viewer',
    createTokenAction: 'viewer',
    revokeTokenAction: 'viewer',
    addClusterAction: admin(another),
    updateClusterAction: admin({ ...another, clusterId }),
    armClusterAction: operator({ clusterId, minutes: 15, reason }),
    disarmClusterAction: operator({ clusterId }),
    setApprovalAction: admin({ clusterId, required: false }),
    removeClusterAction: admin({ clusterId, typedName }),
    setAdminServersAction: admin({ clusterId, urls: [] }),
    testAdminServersAction: operator({ clusterId }),
    addIgnoreRuleAction: operator({ clusterId, pattern: '/flags/**', note: reason }),
    removeIgnoreRuleAction: operator({ ruleId: 'none' }),
    keepLogsAction: admin({ clusterId, enabled: true }),
    setDrillScheduleAction: admin({ clusterId, enabled: true }),
    createPhysicalAction: admin({ backupId, way: 'runbook' }),
    recheckPhysicalAction: admin({ physicalId: runbookId }),
    confirmPhysicalAction: admin({ physicalId: runbookId, planHash, typedName, reason }),
    resumePhysicalAction: admin({ physicalId: runbookId }),
    undoPhysicalAction: admin({ physicalId: runbookId, typedName, reason }),
    verifyPhysicalAction: admin({ physicalId: runbookId }),
    tickPhysicalAction: admin({ physicalId: runbookId, step, done: true }),
    cancelPhysicalAction: operator({ jobId }),
    createMigrationAction: operator({ sourceId: clusterId, targetId: clusterId, targetPath: '/elsewhere' }),
    confirmMigrationAction: operator({ migrationId, planHash, typedName, reason }),
    stopMigrationAction: operator({ migrationId }),
    goOnWithMigrationAction: operator({ migrationId }),
    startSwitchAction: operator({ migrationId }),
    followAgainAction: operator({ migrationId }),
    finishMigrationAction: operator({ migrationId }),
    revealValueAction: operator({ tree: `live:${clusterId}`, path: '/config/api-token' }),
    revealTransactionAction: operator({ tree: `live:${clusterId}`, path: '/config/api-token', zxid }),
    addValueRuleAction: admin({ clusterId, pattern: '/flags/**', effect: 'record', note: reason }),
    changeValueRuleAction: admin({ ruleId: 'none', clusterId, pattern: '/flags/**', effect: 'record', note: reason }),
    removeValueRuleAction: admin({ ruleId: 'none' }),
    switchKnownSecretAction: admin({ ruleId: 'name-token', enabled: true, recordsReads: false }),
    invitePersonAction: admin({ email: 'friend@example.org', role: 'admin', days: 1 }),
    revokeInvitationAction: admin({ invitationId: 'none' }),
    setRoleAction: admin({ userId, role: 'admin' }),
    setClusterRoleAction: admin({ userId, clusterId, role: 'admin' }),
    deactivatePersonAction: admin({ userId }),
    reactivatePersonAction: admin({ userId }),
    verifyAuditAction: operator({}),
    previewAuditRetentionAction: 'viewer',
    setAuditRetentionAction: admin({ months: null }),
    setAuditForwardAction: admin({ kind: 'syslog', enabled: false, url: 'tcp://127.0.0.1:1' }),
    testAuditForwardAction: admin({ kind: 'syslog' }),
    setCheckpointFilesAction: admin({ on: false }),
    endSessionsAction: admin({ userId }),
    openSignInAction: admin({ userId }),
  }
}

/** Route handlers that ask for more than a session: method, pattern, least role. Every method but GET must be here. */
export const HANDLER_ROLES: readonly { method: string; pattern: string; least: Role }[] = [
  { method: 'POST', pattern: '/api/clusters/test', least: 'operator' },
  { method: 'POST', pattern: '/api/clusters/[clusterId]/events', least: 'viewer' },
  { method: 'POST', pattern: '/api/clusters/[clusterId]/import', least: 'operator' },
  { method: 'GET', pattern: '/api/backups/[backupId]/files/[name]', least: 'operator' },
  { method: 'GET', pattern: '/api/trees/[kind]/[id]/export', least: 'operator' },
  { method: 'GET', pattern: '/api/physical/[physicalId]/bundle', least: 'admin' },
]

/** What is sound for each operation of the API that has to be told something, so that nothing but the role stands in the way of it. */
export function apiBodies({ cluster, backupId, diffId }: Gallery): Partial<Record<OperationId, object>> {
  const confirmation = { plan: 'none', clusterName: cluster.name, reason: 'a walk through all doors' }
  return {
    startBackup: { clusterId: cluster.id },
    pinBackup: { pinned: true },
    noteBackup: { note: 'walked by' },
    startDiff: { left: `backup:${backupId}`, right: `live:${cluster.id}` },
    startSearch: { tree: `backup:${backupId}`, pathPattern: diffId },
    planRestore: { clusterId: cluster.id, source: `backup:${backupId}` },
    confirmRestore: confirmation,
    requestApproval: confirmation,
  }
}
