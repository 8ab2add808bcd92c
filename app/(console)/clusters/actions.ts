'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { setApprovalSchema } from '@/lib/services/approvals/schemas.ts'
import { setApproval } from '@/lib/services/approvals/set-approval.ts'
import { addCluster } from '@/lib/services/clusters/add-cluster.ts'
import { armCluster } from '@/lib/services/clusters/arm-cluster.ts'
import { disarmCluster } from '@/lib/services/clusters/disarm-cluster.ts'
import { removeCluster } from '@/lib/services/clusters/remove-cluster.ts'
import {
  adminServersInputSchema,
  armClusterSchema,
  clusterInputSchema,
  removeClusterSchema,
} from '@/lib/services/clusters/schemas.ts'
import { setAdminServers } from '@/lib/services/clusters/set-admin-servers.ts'
import { testAdminServers } from '@/lib/services/clusters/test-admin-servers.ts'
import { updateCluster } from '@/lib/services/clusters/update-cluster.ts'
import { setDrillScheduleSchema } from '@/lib/services/drills/schemas.ts'
import { setDrillSchedule } from '@/lib/services/drills/set-drill-schedule.ts'
import { addRecipient, removeRecipient } from '@/lib/services/encryption/change-recipients.ts'
import { proveKey } from '@/lib/services/encryption/prove-key.ts'
import {
  addRecipientSchema,
  lockSchema,
  proveKeySchema,
  removeRecipientSchema,
  setEncryptionSchema,
  startReencryptSchema,
  unlockSchema,
} from '@/lib/services/encryption/schemas.ts'
import { setEncryption } from '@/lib/services/encryption/set-encryption.ts'
import { startReencrypt } from '@/lib/services/encryption/start-reencrypt.ts'
import { lock, unlock } from '@/lib/services/encryption/unlock.ts'
import { setFollowSchema, testQuorumSchema } from '@/lib/services/follow/schemas.ts'
import { setFollow } from '@/lib/services/follow/set-follow.ts'
import { testQuorum } from '@/lib/services/follow/test-quorum.ts'
import { addIgnoreRule } from '@/lib/services/ignore-rules/add-ignore-rule.ts'
import { removeIgnoreRule } from '@/lib/services/ignore-rules/remove-ignore-rule.ts'
import { addIgnoreRuleSchema, removeIgnoreRuleSchema } from '@/lib/services/ignore-rules/schemas.ts'
import { keepLogs } from '@/lib/services/logs/keep-logs.ts'
import { mendPiece } from '@/lib/services/logs/mend-piece.ts'
import { keepLogsSchema, mendPieceSchema } from '@/lib/services/logs/schemas.ts'

export const addClusterAction = action(clusterInputSchema, addCluster)

export const updateClusterAction = action(clusterInputSchema.extend({ clusterId: z.string() }), updateCluster)

export const armClusterAction = action(armClusterSchema, (context, input) => armCluster(context, input))

export const setApprovalAction = action(setApprovalSchema, setApproval)

export const disarmClusterAction = action(z.object({ clusterId: z.string() }), disarmCluster)

export const removeClusterAction = action(removeClusterSchema, async (context, input) => {
  await removeCluster(context, input)
  return null
})

export const setAdminServersAction = action(adminServersInputSchema, setAdminServers)

export const testAdminServersAction = action(z.object({ clusterId: z.string() }), (context, { clusterId }) =>
  testAdminServers(context, clusterId),
)

export const addIgnoreRuleAction = action(addIgnoreRuleSchema, addIgnoreRule)

export const removeIgnoreRuleAction = action(removeIgnoreRuleSchema, async (context, input) => {
  await removeIgnoreRule(context, input)
  return null
})

export const setEncryptionAction = action(setEncryptionSchema, async (context, input) => {
  await setEncryption(context, input)
  return null
})

export const addRecipientAction = action(addRecipientSchema, addRecipient)

export const removeRecipientAction = action(removeRecipientSchema, async (context, input) => {
  await removeRecipient(context, input)
  return null
})

export const proveKeyAction = action(proveKeySchema, async (context, input) => {
  await proveKey(context, input)
  return null
})

export const unlockKeyAction = action(unlockSchema, async (context, input) => {
  await unlock(context, input)
  return null
})

export const lockKeyAction = action(lockSchema, async (context, input) => {
  await lock(context, input)
  return null
})

export const startReencryptAction = action(startReencryptSchema, startReencrypt)

export const setFollowAction = action(setFollowSchema, async (context, input) => {
  await setFollow(context, input)
  return null
})

export const testQuorumAction = action(testQuorumSchema, testQuorum)

export const keepLogsAction = action(keepLogsSchema, async (context, input) => {
  await keepLogs(context, input)
  return null
})

export const mendPieceAction = action(mendPieceSchema, async (context, input) => {
  await mendPiece(context, input)
  return null
})

export const setDrillScheduleAction = action(setDrillScheduleSchema, async (context, input) => {
  await setDrillSchedule(context, input)
  return null
})
