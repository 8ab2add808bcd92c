import type { Prisma } from '../../adapters/database/generated/client.ts'
import { parseConnectString } from '../../adapters/zookeeper/connect-string.ts'
import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import { checkTlsInput } from './cluster-tls.ts'
import { type ClusterInput, clusterInputSchema } from './schemas.ts'

/** The schema's checks and those that need the adapter's parser. Faults are named by field. */
export function parseClusterInput(input: unknown): ClusterInput {
  const parsed = parseInput(clusterInputSchema, input)
  try {
    parseConnectString(parsed.connectString)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    throw fieldError('connectString', error.message, error.remedy)
  }
  // ZooKeeper's digest provider splits at the first colon: with one in the name another user would be meant.
  if ('username' in parsed.auth && parsed.auth.username.includes(':')) {
    throw fieldError('auth.username', 'A user name cannot contain a colon')
  }
  checkTlsInput(parsed.tls)
  return parsed
}

/** `undefined` leaves a column as it is. The credentials leave this function sealed. */
export function toAuthColumns(
  context: Pick<ServiceContext, 'secrets'>,
  auth: ClusterInput['auth'],
): { authScheme?: string | null; authSecret?: Uint8Array<ArrayBuffer> | null } {
  switch (auth.kind) {
    case 'keep':
      return {}
    case 'none':
      return { authScheme: null, authSecret: null }
    case 'digest':
    case 'sasl':
      return { authScheme: auth.kind, authSecret: context.secrets.seal(`${auth.username}:${auth.password}`) }
  }
}

/** Throws NAME_TAKEN when another cluster has the name, in whatever case. Inside a transaction, so that two cannot take it at once. */
export async function assertNameFree(
  tx: Pick<Prisma.TransactionClient, 'cluster'>,
  name: string,
  ownId: string | null,
): Promise<void> {
  const others = await tx.cluster.findMany({ where: { removedAt: null }, select: { id: true, name: true } })
  const taken = others.find((other) => other.id !== ownId && foldName(other.name) === foldName(name))
  if (!taken) return
  const message = `There is a cluster named ${taken.name} already`
  throw new ServiceError('NAME_TAKEN', message, {
    unaffected: 'nothing was changed',
    details: { fields: { name: message } },
  })
}

function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function fieldError(field: string, message: string, remedy?: string): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was changed',
    remedy,
    details: { fields: { [field]: message } },
  })
}
