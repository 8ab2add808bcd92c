import type { OperationId } from '../../lib/services/api/contract.ts'
import type { Role } from '../../lib/services/context.ts'
import { SUGGESTED_RULES } from '../../lib/services/keep-rules/schemas.ts'
import type { Gallery } from './gallery.ts'

/** Before there is a session: their right is a fresh installation, or the token of a link. */
export const OPEN_ACTIONS = ['createAdministratorAction', 'openInvitationAction', 'acceptInvitationAction']

/** A server action: the least role that may do it, and where that role is asked. */
export interface ActionDoor {
  readonly least: Role
  /** Ids of the clusters that it concerns; none: the role overall counts. */
  readonly at: readonly string[]
  /** What is sound, so that nothing but the role stands in the way of it. */
  readonly input: unknown
}

/** What the gallery does not know: somebody whom no test depends on, and a step of its runbook. */
export interface Besides {
  readonly userId: string
  readonly step: string
}

/** Every server action with the least role that may do it. An action that is missing here fails the architecture test. */
export function roleMap(gallery: Gallery, { userId, step }: Besides): Record<string, ActionDoor> {
  const { backupId, migrationId, plannedRestoreId, finishedRestoreId, runbookId, jobId, diffId, smallId, scheduleId } =
    gallery
  const clusterId = gallery.cluster.id
  const here = [clusterId]
  const both = [smallId, clusterId]
  const viewer = (input: unknown): ActionDoor => ({ least: 'viewer', at: here, input })
  const operator = (input: unknown, at = here): ActionDoor => ({ least: 'operator', at, input })
  const admin = (input: unknown, at = here): ActionDoor => ({ least: 'admin', at, input })
  const overall = (input: unknown): ActionDoor => ({ least: 'admin', at: [], input })
  /** One's own account: a session is all that it takes. */
  const anybody: ActionDoor = { least: 'none', at: [], input: null }
  const small = [smallId]
  const zxid = '0x1'
  const znode = { clusterId, path: '/flags/dark-mode' }
  const reason = 'a walk through all doors'
  const planHash = 'none'
  const typedName = gallery.cluster.name
  const schedule = { name: 'walked by', cron: '0 3 1 1 *', timeZone: 'UTC' }
  const another = { name: 'another', connectString: '127.0.0.1:1' }
  return {
    startBackupAction: operator({ clusterId }),
    startVerifyAction: operator({ backupId }),
    createScheduleAction: operator({ clusterId, ...schedule }),
    updateScheduleAction: operator({ scheduleId, ...schedule }),
    pauseScheduleAction: operator({ scheduleId, until: null }),
    startScheduleRunAction: operator({ scheduleId }),
    removeScheduleAction: operator({ scheduleId }),
    startDrillAction: operator({ backupId }),
    setBackupPinnedAction: operator({ backupId, pinned: true }),
    setBackupNoteAction: operator({ backupId, note: reason }),
    setKeepRulesAction: admin({ clusterId, enabled: true, rules: SUGGESTED_RULES }),
    setDefaultKeepRulesAction: overall({ enabled: true, rules: SUGGESTED_RULES }),
    dropKeepRulesAction: admin({ clusterId }),
    applyKeepRulesAction: admin({ clusterId }),
    previewKeepRulesAction: viewer({ clusterId, rules: SUGGESTED_RULES }),
    keepMarkedAction: operator({ backupId }),
    placeHoldAction: operator({ backupId, reason }),
    liftHoldAction: admin({ backupId, reason }),
    deleteBackupAction: admin({ backupId, acknowledgeLastGood: true }),
    createRestoreAction: operator({ clusterId, source: `backup:${backupId}`, selection: { kind: 'all' } }),
    confirmRestoreAction: operator({ restoreId: plannedRestoreId, planHash, typedName, reason }),
    replanRestoreAction: operator({ restoreId: plannedRestoreId }),
    replanStaleAction: operator({ restoreId: plannedRestoreId }),
    planAnewAction: operator({ restoreId: finishedRestoreId }),
    resumeRestoreAction: operator({ restoreId: finishedRestoreId }),
    pauseRestoreAction: operator({ restoreId: finishedRestoreId }),
    cancelRestoreAction: operator({ restoreId: plannedRestoreId }),
    undoTransactionAction: operator({ clusterId, zxid }),
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
    startSearchAction: viewer({ tree: `live:${clusterId}`, pathPattern: 'flags' }),
    startDiffAction: viewer({ left: `backup:${backupId}`, right: `live:${clusterId}` }),
    resolvePicksAction: viewer({ diffId, paths: ['/flags'] }),
    prepareMomentAction: viewer({ clusterId, zxid }),
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
    revokeSessionAction: anybody,
    revokeOtherSessionsAction: anybody,
    changePasswordAction: anybody,
    createTokenAction: anybody,
    revokeTokenAction: anybody,
    addClusterAction: overall(another),
    updateClusterAction: admin({ ...another, clusterId }),
    armClusterAction: operator({ clusterId, minutes: 15, reason }),
    disarmClusterAction: operator({ clusterId }),
    setApprovalAction: admin({ clusterId, required: false }),
    removeClusterAction: admin({ clusterId, typedName }),
    setAdminServersAction: admin({ clusterId, urls: [] }),
    testAdminServersAction: operator({ clusterId }),
    addIgnoreRuleAction: operator({ clusterId, pattern: '/flags/**', note: reason }),
    removeIgnoreRuleAction: operator({ ruleId: 'none' }),
    setEncryptionAction: admin({ clusterId, mode: 'off' }),
    addRecipientAction: admin({ clusterId, recipient: 'age1none' }),
    removeRecipientAction: admin({ clusterId, recipientId: 'none' }),
    proveKeyAction: operator({ clusterId, recipientId: 'none' }),
    unlockKeyAction: operator({ clusterId, identity: 'none' }),
    lockKeyAction: operator({ clusterId, unlockId: 'none' }),
    startReencryptAction: admin({ clusterId }),
    keepLogsAction: admin({ clusterId, enabled: true }),
    mendPieceAction: operator({ clusterId, storeId: 'none', first: '0x1' }),
    setFollowAction: admin({ clusterId, enabled: false }),
    testQuorumAction: admin({ clusterId }),
    acknowledgeAlertAction: operator({ alertId: 'none', minutes: null, reason }),
    takeBackAcknowledgementAction: operator({ alertId: 'none' }),
    setAlertRuleAction: admin({ clusterId, rule: 'backup-failed', enabled: true, severity: 'info' }),
    resetAlertRuleAction: admin({ clusterId, rule: 'backup-failed' }),
    setDriftWatchAction: admin({ clusterId, enabled: false, backupId }),
    watchPathAction: operator({ clusterId, path: '/flags' }),
    unwatchPathAction: operator({ clusterId, watchedPathId: 'none' }),
    setLiveDriftAction: operator({ clusterId, backupId }),
    setAlertChannelAction: overall({ name: 'another', kind: 'webhook', url: 'http://127.0.0.1:1/' }),
    testAlertChannelAction: overall({ channelId: 'none' }),
    removeAlertChannelAction: overall({ channelId: 'none' }),
    setRepeatHoursAction: overall({ hours: 24 }),
    setRereadsAction: admin({ clusterId, enabled: true }),
    setDrillScheduleAction: admin({ clusterId, enabled: true }),
    setHealthWatchAction: admin({ clusterId, enabled: true }),
    createPhysicalAction: admin({ backupId, way: 'runbook' }),
    recheckPhysicalAction: admin({ physicalId: runbookId }, small),
    confirmPhysicalAction: admin({ physicalId: runbookId, planHash, typedName, reason }, small),
    resumePhysicalAction: admin({ physicalId: runbookId }, small),
    undoPhysicalAction: admin({ physicalId: runbookId, typedName, reason }, small),
    verifyPhysicalAction: admin({ physicalId: runbookId }, small),
    tickPhysicalAction: admin({ physicalId: runbookId, step, done: true }, small),
    cancelPhysicalAction: operator({ jobId }),
    createMigrationAction: operator({ sourceId: clusterId, targetId: smallId, targetPath: '/elsewhere' }, both),
    confirmMigrationAction: operator({ migrationId, planHash, typedName, reason }, both),
    stopMigrationAction: operator({ migrationId }, both),
    goOnWithMigrationAction: operator({ migrationId }, both),
    startSwitchAction: operator({ migrationId }, both),
    followAgainAction: operator({ migrationId }, both),
    finishMigrationAction: operator({ migrationId }, both),
    revealValueAction: operator({ tree: `live:${clusterId}`, path: '/config/api-token' }),
    revealTransactionAction: operator({ tree: `live:${clusterId}`, path: '/config/api-token', zxid }),
    addStoreAction: overall({ kind: 'folder', name: 'x', settings: { path: '/nowhere' } }),
    changeStoreAction: overall({
      storeId: 'none',
      store: { kind: 'folder', name: 'x', settings: { path: '/nowhere' } },
    }),
    removeStoreAction: overall({ storeId: 'none' }),
    testStoreAction: overall({ storeId: 'none' }),
    startRescanAction: overall({ storeId: null }),
    setClusterStoresAction: admin({ clusterId, storeId: 'default', copies: [] }),
    startCopyAction: operator({ backupId, storeId: 'default' }),
    verifyCopyAction: operator({ backupId, storeId: 'default' }),
    addValueRuleAction: admin({ clusterId, pattern: '/flags/**', effect: 'record', note: reason }),
    changeValueRuleAction: admin({ ruleId: 'none', clusterId, pattern: '/flags/**', effect: 'record', note: reason }),
    removeValueRuleAction: admin({ ruleId: 'none' }),
    switchKnownSecretAction: overall({ ruleId: 'name-token', enabled: true, recordsReads: false }),
    invitePersonAction: overall({ email: 'friend@example.org', role: 'admin', days: 1 }),
    revokeInvitationAction: overall({ invitationId: 'none' }),
    setRoleAction: overall({ userId, role: 'admin' }),
    setClusterRoleAction: admin({ userId, clusterId, role: 'admin' }),
    deactivatePersonAction: overall({ userId }),
    reactivatePersonAction: overall({ userId }),
    verifyAuditAction: { least: 'operator', at: [], input: {} },
    previewAuditRetentionAction: anybody,
    setAuditRetentionAction: overall({ months: null }),
    setAuditForwardAction: overall({ kind: 'syslog', enabled: false, url: 'tcp://127.0.0.1:1' }),
    testAuditForwardAction: overall({ kind: 'syslog' }),
    setCheckpointFilesAction: overall({ on: false }),
    endSessionsAction: overall({ userId }),
    openSignInAction: overall({ userId }),
  }
}

/** What stands in the address of a route, for something of the gallery's own cluster. */
export function handlerValues(gallery: Gallery, tree: 'live' | 'backup' | 'moment' = 'live'): Record<string, string> {
  const clusterId = gallery.cluster.id
  return {
    clusterId,
    backupId: gallery.backupId,
    diffId: gallery.diffId,
    searchId: gallery.searchId,
    restoreId: gallery.finishedRestoreId,
    physicalId: gallery.physicalId,
    migrationId: gallery.migrationId,
    jobId: gallery.jobId,
    scheduleId: gallery.scheduleId,
    kind: tree,
    id: tree === 'backup' ? gallery.backupId : tree === 'moment' ? `${clusterId}.0x1` : clusterId,
    name: 'manifest.json',
    exportId: 'none',
    ...API_VALUES,
  }
}

/** Of addresses that only the API has. */
export const API_VALUES = { storeId: 'default', alertId: 'none', recipientId: 'none', unlockId: 'none' }

/** Route handlers that ask for more than a session: method, pattern, least role. Every method but GET must be here. */
export const HANDLER_ROLES: readonly { method: string; pattern: string; least: Role }[] = [
  { method: 'POST', pattern: '/api/clusters/test', least: 'operator' },
  { method: 'POST', pattern: '/api/clusters/[clusterId]/events', least: 'viewer' },
  { method: 'POST', pattern: '/api/clusters/[clusterId]/transactions', least: 'viewer' },
  { method: 'POST', pattern: '/api/clusters/[clusterId]/import', least: 'operator' },
  { method: 'GET', pattern: '/api/backups/[backupId]/files/[name]', least: 'operator' },
  { method: 'GET', pattern: '/api/trees/[kind]/[id]/export', least: 'operator' },
  { method: 'GET', pattern: '/api/physical/[physicalId]/bundle', least: 'admin' },
]

/** What is sound for each operation of the API that has to be told something, so that nothing but the role stands in the way of it. */
export function apiBodies({ cluster, backupId, diffId }: Gallery): Partial<Record<OperationId, object>> {
  const schedule = { name: 'walked by', cron: '0 3 1 1 *', timeZone: 'UTC' }
  const confirmation = { plan: 'none', clusterName: cluster.name, reason: 'a walk through all doors' }
  return {
    startBackup: { clusterId: cluster.id },
    pinBackup: { pinned: true },
    noteBackup: { note: 'walked by' },
    setKeepRules: { enabled: false, rules: SUGGESTED_RULES },
    placeHold: { reason: confirmation.reason },
    liftHolds: { reason: confirmation.reason },
    copyBackup: { storeId: 'default' },
    setEncryption: { mode: 'off' },
    keepTransactionLog: { enabled: false },
    setFollow: { enabled: false, quorumServers: '', understood: false },
    mendLogPiece: { storeId: 'default', first: '0x1' },
    addRecipient: { recipient: 'age1' },
    acknowledgeAlert: { reason: confirmation.reason },
    startDiff: { left: `backup:${backupId}`, right: `live:${cluster.id}` },
    startSearch: { tree: `backup:${backupId}`, pathPattern: diffId },
    undoTransaction: { zxid: '0x1' },
    planRestore: { clusterId: cluster.id, source: `backup:${backupId}` },
    createSchedule: { clusterId: cluster.id, ...schedule },
    updateSchedule: schedule,
    confirmRestore: confirmation,
    requestApproval: confirmation,
  }
}
