import { Box, Hourglass, Zap } from 'lucide-react'
import { Badge } from '@/app/_ui/badge.tsx'
import type { ZnodeKind } from '@/lib/domain/znode/znode.ts'

/** Only what is special is marked: ephemeral, container, TTL. */
export function KindBadge({ kind }: { kind: ZnodeKind }) {
  if (kind === 'ephemeral') {
    return (
      <Badge tone="special" icon={<Zap aria-hidden />} title="Ephemeral: goes away with the session that made it">
        ephemeral
      </Badge>
    )
  }
  if (kind === 'container') {
    return (
      <Badge
        icon={<Box aria-hidden />}
        title="Container: the server removes it some time after its last child has gone"
      >
        container
      </Badge>
    )
  }
  if (kind === 'ttl') {
    return (
      <Badge
        icon={<Hourglass aria-hidden />}
        title="TTL: the server removes it when it was not changed for its time to live"
      >
        TTL
      </Badge>
    )
  }
  return null
}
