'use server'

import { action } from '@/app/_server/action.ts'
import { restoreZnodeVersion } from '@/lib/services/logs/restore-znode-version.ts'
import { restoreZnodeVersionSchema } from '@/lib/services/logs/schemas.ts'
import { createZnode } from '@/lib/services/tree/create-znode.ts'
import { deleteZnode } from '@/lib/services/tree/delete-znode.ts'
import {
  createZnodeSchema,
  deleteZnodeSchema,
  setZnodeAclSchema,
  setZnodeDataSchema,
} from '@/lib/services/tree/schemas.ts'
import { setZnodeAcl } from '@/lib/services/tree/set-znode-acl.ts'
import { setZnodeData } from '@/lib/services/tree/set-znode-data.ts'
import { revealTransaction, revealValue } from '@/lib/services/values/reveal-value.ts'
import { revealTransactionSchema, revealValueSchema } from '@/lib/services/values/schemas.ts'

export const createZnodeAction = action(createZnodeSchema, createZnode)
export const setZnodeDataAction = action(setZnodeDataSchema, setZnodeData)
export const setZnodeAclAction = action(setZnodeAclSchema, setZnodeAcl)
export const deleteZnodeAction = action(deleteZnodeSchema, deleteZnode)
export const revealValueAction = action(revealValueSchema, revealValue)
export const revealTransactionAction = action(revealTransactionSchema, revealTransaction)
export const restoreZnodeVersionAction = action(restoreZnodeVersionSchema, restoreZnodeVersion)
