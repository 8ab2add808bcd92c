import { Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { Manifest } from '@/lib/domain/snapshot/manifest.ts'
import { PathList } from './consistency-words.tsx'

export function FidelityReport({ fidelity, source }: { fidelity: Manifest['fidelity']; source: Manifest['source'] }) {
  return (
    <div className="flex flex-col gap-3 text-sm">
      <Facts
        className="grid-cols-2 sm:grid-cols-3"
        items={[
          ['Persistent', formatCount(fidelity.persistent)],
          ['Ephemeral', formatCount(fidelity.ephemeral)],
          ['Container', formatCount(fidelity.container)],
          ['TTL', formatCount(fidelity.ttl)],
          ['Kind not known', formatCount(fidelity.unknownKind)],
          ['Sequence counters', formatCount(fidelity.sequenceCounters)],
        ]}
      />
      {fidelity.unknownKind > 0 && source === 'client' && (
        <p className="text-muted">
          A client cannot tell persistent, container and TTL znodes apart: they count as not known and are restored as
          persistent, unless the live znode is of another kind.
        </p>
      )}
      {fidelity.ephemeral > 0 && (
        <p className="text-muted">
          Ephemeral znodes are kept for looking and comparing. They belong to sessions and are never restored.
        </p>
      )}
      {fidelity.unreadable.length === 0 && fidelity.maskedAcl.length === 0 ? (
        <Notice tone="good" title="Every znode and every ACL could be read" />
      ) : (
        <>
          {fidelity.unreadable.length > 0 && (
            <Notice
              tone="bad"
              title={`${plural(fidelity.unreadable.length, 'place')} could not be read, nor what lies below`}
            >
              <PathList label="Paths that could not be read" paths={fidelity.unreadable} />
            </Notice>
          )}
          {fidelity.maskedAcl.length > 0 && (
            <Notice
              tone="warn"
              title={`${plural(fidelity.maskedAcl.length, 'ACL')} came with hidden hashes and cannot be restored`}
            >
              <PathList label="Paths with hidden hashes" paths={fidelity.maskedAcl} />
            </Notice>
          )}
        </>
      )}
    </div>
  )
}
