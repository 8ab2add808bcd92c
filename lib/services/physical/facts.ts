import type { UnpackedSnapshot } from '../../adapters/archive/store.ts'
import type { Liveness, MemberDisk } from '../../adapters/members/member-machine.ts'
import type { Member } from '../../adapters/members/members.ts'
import type { ServerStatus } from '../../adapters/zookeeper/connection.ts'
import type { ConfiguredServer } from './parse-voters.ts'
import type { PhysicalOptions } from './schemas.ts'
import type { PhysicalWay } from './views.ts'

export interface MemberFacts {
  readonly member: Member
  readonly disk: MemberDisk | null
  /** Why there is no disk. */
  readonly fault: string | null
  readonly liveness: Liveness
}

/** What one AdminServer said; the fields that a version does not tell are null. */
export interface AdminServerFacts {
  readonly url: string
  readonly error: string | null
  readonly version: string | null
  readonly state: string | null
  readonly zxid: bigint | null
  readonly serverId: string | null
  readonly clientPort: number | null
  readonly dataDir: string | null
  readonly dataLogDir: string | null
  /** Null where system properties are not told. */
  readonly extendedTypes: boolean | null
  readonly juteMaxBuffer: number | null
}

/** All that the pre-flight is decided by; gathered by the worker, judged without any I/O. */
export interface PhysicalFacts {
  readonly way: PhysicalWay
  readonly options: PhysicalOptions
  readonly archive: UnpackedSnapshot
  readonly clusterName: string
  /** Chroot of the cluster's connect string. */
  readonly clusterChroot: string
  readonly statuses: readonly { readonly server: string; readonly status: ServerStatus | null }[]
  readonly configured: readonly ConfiguredServer[]
  /** Where `configured` was read. */
  readonly configuredFrom: 'live' | 'backup' | null
  readonly members: readonly MemberFacts[]
  readonly admins: readonly AdminServerFacts[]
  readonly asideFolder: string
}
