import { readBare, type SeenTree } from '../chaos/bare-reader.ts'
import { type Members, numberIn } from './members.ts'

export interface MemberRead {
  readonly name: string
  readonly isLeader: boolean
  readonly tree: SeenTree
  /** It has counted since its last start, or written since its first, that its tree is not what the leader's was. */
  readonly complaints: readonly string[]
}

/**
 * Every member read by itself, by a client that knows no other, while nothing changes but the marks that the client writes: what a member holds
 * is not seen where one of three answers for all.
 */
export async function readMembers(members: Members): Promise<MemberRead[]> {
  await members.untilQuiet()
  const leader = await members.findLeader()
  const reads: MemberRead[] = []
  for (const [at, { member, connectString }] of members.all.entries()) {
    const tree = await readBare(connectString, '/')
    const counted = numberIn(await members.ask(at, 'mntr'), 'zk_digest_mismatches_count')
    const complaints = [
      ...(counted > 0 ? [`digest_mismatches_count ${counted}`] : []),
      ...(await members.complaintsOf(at)).slice(0, 3),
    ]
    reads.push({ name: member.name, isLeader: at === leader, tree, complaints })
  }
  await members.untilQuiet()
  return reads
}

/** Members that do not hold what their leader holds: nothing that a follow could mend or do wrong. */
export function findParted(reads: readonly MemberRead[]): string[] {
  const leader = leaderOf(reads)
  return reads.flatMap(({ name, tree, complaints, isLeader }) => {
    const unlike = isLeader ? null : describeDifference(tree, leader.tree)
    if (unlike === null && complaints.length === 0) return []
    const what = unlike === null ? 'complained of its digest' : `and its leader ${leader.name} differ at ${unlike}`
    return [`${[`server parted: ${name} ${what}`, ...complaints].join('; it says: ')}`]
  })
}

export function leaderOf(reads: readonly MemberRead[]): MemberRead {
  const leader = reads.find(({ isLeader }) => isLeader)
  if (leader === undefined) throw new Error('no leader was read')
  return leader
}

/** Null: none. */
export function describeDifference(one: SeenTree, other: SeenTree): string | null {
  const paths = [...new Set([...one.keys(), ...other.keys()])].filter(isCompared)
  const unlike = paths.filter((path) => JSON.stringify(one.get(path)) !== JSON.stringify(other.get(path)))
  const first = unlike[0]
  if (first === undefined) return null
  const lacks = unlike.filter((path) => !one.has(path)).length
  const more = unlike.filter((path) => !other.has(path)).length
  return `${unlike.length} of ${paths.length} znodes (${lacks} lacking, ${more} more), at ${first}: ${JSON.stringify(one.get(first))} and ${JSON.stringify(other.get(first))}`
}

/** Not the mark that the reader itself writes, nor what each server says of itself. */
export function isCompared(path: string): boolean {
  return path !== '/arkeeper-chaos-mark' && path !== '/zookeeper' && !path.startsWith('/zookeeper/')
}
