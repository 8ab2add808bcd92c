import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, id, jobStarted, list, nothing, time } from '../shapes.ts'

const key = z.object({
  id,
  recipient: z.string().meta({ description: 'Public key of age' }),
  label: z.string(),
  isForAll: z.boolean(),
  provedAt: time.nullable().meta({ description: 'When somebody has shown last that the private key is there' }),
  heldBy: z
    .enum(['machine', 'unlock'])
    .nullable()
    .meta({ description: 'Where the private key is right now; null: not here' }),
})

const encryption = z
  .object({
    mode: z.enum(['default', 'own', 'off']).meta({ description: '`default`: as is set for all clusters' }),
    effective: list(z.string()).meta({ description: 'What the next backup is encrypted to; empty: it is plain' }),
    own: list(key),
    forAll: list(key),
    isUnproved: z.boolean(),
    unlocks: list(z.object({ id, recipient: z.string(), endsAt: time, byName: z.string() })),
    plainBackups: count,
    staleBackups: count.meta({ description: 'Backups that are not encrypted to the keys of now' }),
    formerCopies: count.meta({ description: 'Archives in other stores that the former keys still open' }),
    rotationJobId: id.nullable(),
    rotationWaitsUntil: time.nullable(),
    waiting: list(z.object({ backupId: id, by: z.string(), restoreId: id.nullable() })).meta({
      description: 'Backups that are not encrypted anew while something reads them',
    }),
    needs: list(
      z.object({
        recipient: z.string(),
        backups: count,
        onlyByIt: count,
        logPieces: count,
        formerCopies: count,
        isCurrent: z.boolean(),
      }),
    ).meta({ description: 'What is lost with each key' }),
  })
  .meta({ id: 'Encryption' })

const ofCluster = { params: z.object({ clusterId: id }), query: nothing } as const
const answer = { kind: 'json', status: 200, schema: encryption } as const

export const encryptionOperations = {
  getEncryption: operation({
    ...ofCluster,
    method: 'GET',
    path: '/clusters/{clusterId}/encryption',
    tag: 'encryption',
    summary: 'What backups of a cluster are encrypted to, and what needs which key',
    description:
      'Private keys are for people: they are given on the page of the cluster, and no token unlocks or proves one. Where programs are to read, the worker is given an identity file.',
    action: null,
    scopes: ['read', 'backup', 'admin'],
    body: null,
    answer,
  }),
  setEncryption: operation({
    ...ofCluster,
    method: 'POST',
    path: '/clusters/{clusterId}/encryption',
    tag: 'encryption',
    summary: 'Encrypt new backups of a cluster to its own keys, as is set for all, or not at all',
    action: 'encryption.set',
    body: z.object({ mode: z.enum(['default', 'own', 'off']) }),
    answer,
  }),
  addRecipient: operation({
    ...ofCluster,
    method: 'POST',
    path: '/clusters/{clusterId}/recipients',
    tag: 'encryption',
    summary: 'Add a public key that new backups of a cluster are encrypted to',
    action: 'encryption.set',
    body: z.object({ recipient: z.string().min(1).max(4000), label: z.string().max(100).optional() }),
    answer,
  }),
  removeRecipient: operation({
    method: 'DELETE',
    path: '/clusters/{clusterId}/recipients/{recipientId}',
    tag: 'encryption',
    summary: 'Encrypt new backups to a key no more; those that are there stay as they are',
    action: 'encryption.set',
    params: z.object({ clusterId: id, recipientId: id }),
    query: nothing,
    body: null,
    answer: { kind: 'none', status: 204 },
  }),
  lockKey: operation({
    method: 'DELETE',
    path: '/clusters/{clusterId}/unlocks/{unlockId}',
    tag: 'encryption',
    summary: 'Forget an unlocked private key before its time',
    action: 'encryption.lock',
    params: z.object({ clusterId: id, unlockId: id }),
    query: nothing,
    body: null,
    answer: { kind: 'none', status: 204 },
  }),
  startReencrypt: operation({
    ...ofCluster,
    method: 'POST',
    path: '/clusters/{clusterId}/reencrypt',
    tag: 'encryption',
    summary: 'Encrypt every backup of a cluster to the keys of now',
    description:
      'Copies in other stores are made anew after it. What something reads waits, and is gone on with; asked for again, at once.',
    action: 'encryption.rotate',
    body: nothing,
    answer: { kind: 'json', status: 202, schema: jobStarted },
  }),
} as const
