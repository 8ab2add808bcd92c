import type { Member } from '../../adapters/members/members.ts'
import type { ServiceContext } from '../context.ts'
import { getClusterForWriting } from './armed.ts'

/** The members of a cluster that the server's configuration file names. Throws NOT_FOUND, and MembersError for a file with faults. */
export async function listClusterMembers(
  context: Pick<ServiceContext, 'db' | 'members'>,
  clusterId: string,
): Promise<readonly Member[]> {
  const { name } = await getClusterForWriting(context, clusterId)
  return (await context.members.list()).filter((member) => member.cluster === name)
}
