import { z } from 'zod'

export const aclEntrySchema = z.object({
  perms: z.number().int().min(0).max(31),
  scheme: z.string().trim().min(1).max(40),
  id: z.string().max(500),
})

/** Data travels as base64 so that bytes stay bytes; null is ZooKeeper's null data, '' is empty. */
const data = z.base64().nullable()
const zxid = z.string().regex(/^0x[0-9a-f]{1,16}$/)

export const createZnodeSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  data,
  kind: z.enum(['persistent', 'container', 'ttl']),
  ttlMs: z.number().int().min(1).max(1_099_511_627_775).nullable().default(null),
  /** Null: the parent's usual open ACL (world:anyone:cdrwa). */
  acl: z.array(aclEntrySchema).min(1).nullable().default(null),
  sequential: z.boolean().default(false),
})
export const setZnodeDataSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  data,
  expectedVersion: z.number().int(),
  expectedCzxid: zxid,
  /** A hidden value is overwritten by somebody who knows that they have not seen it. */
  unseen: z.boolean().default(false),
})
export const setZnodeAclSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  acl: z.array(aclEntrySchema).min(1, 'An ACL needs at least one entry'),
  expectedAversion: z.number().int(),
  expectedCzxid: zxid,
})
export const deleteZnodeSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  expectedVersion: z.number().int(),
  expectedCzxid: zxid,
  /** Number of descendants that the person was shown; a larger live number is a conflict. 0 deletes a leaf only. */
  descendants: z.number().int().min(0).max(10_000),
})
