import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { Manifest } from '@/lib/domain/snapshot/manifest.ts'
import { PathList } from './consistency-words.tsx'

export function FidelityReport({ fidelity, source, encryption }: Pick<Manifest, 'fidelity' | 'source' | 'encryption'>) {
  // A catalog that was built anew from the store knows only how many there are.
  const hidden = encryption?.hidden ?? { unreadable: 0, maskedAcl: 0 }
  const unnamed =
    Math.max(0, hidden.unreadable - fidelity.unreadable.length) +
    Math.max(0, hidden.maskedAcl - fidelity.maskedAcl.length)
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
          ['Parents with a counter', formatCount(fidelity.sequenceCounters)],
        ]}
      />
      {fidelity.unknownKind > 0 && source !== 'import' && (
        <p className="text-muted">
          {source === 'client'
            ? 'A client cannot tell persistent, container and TTL znodes apart: they count as not known and'
            : 'These were created while the snapshot was written and read over the client port, which cannot tell their kind; they'}{' '}
          are restored as persistent, unless the live znode is of another kind.
        </p>
      )}
      {fidelity.ephemeral > 0 && (
        <p className="text-muted">
          Ephemeral znodes are kept for looking and comparing. They belong to sessions and are never restored.
        </p>
      )}
      <SequenceParents fidelity={fidelity} />
      {unnamed > 0 && (
        <Notice tone="bad" title={`${plural(unnamed, 'place or ACL')} could not be read`}>
          Which ones is in the encrypted manifest of the archive.
        </Notice>
      )}
      {unnamed === 0 && fidelity.unreadable.length === 0 && fidelity.maskedAcl.length === 0 ? (
        <Notice
          tone="good"
          title={source === 'import' ? 'All that is in the file was read' : 'Every znode and every ACL could be read'}
        />
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

const COUNTERS_SHOWN_MAX = 500

/** Where the next sequential child of a parent would begin: a restore into a fresh tree starts again at 0, and names may repeat. */
function SequenceParents({ fidelity }: { fidelity: Manifest['fidelity'] }) {
  const { sequenceParents: listed } = fidelity
  if (listed === undefined) {
    return <p className="text-muted">This backup does not list its sequence counters; its snapshot holds them.</p>
  }
  if (listed.length === 0) return null
  const total = fidelity.sequenceParentsTotal ?? listed.length
  const title = `${plural(total, 'parent')} with sequential children, now or before`
  const shown = listed.slice(0, COUNTERS_SHOWN_MAX)
  return (
    <details>
      <summary className="cursor-pointer">{title}</summary>
      <ScrollBox label="Sequence counters" className="mt-1 max-h-64 rounded-md border bg-sunken">
        <table className="w-full text-xs">
          <thead className="text-left text-muted">
            <tr>
              <th scope="col" className="px-2 py-1 font-medium">
                Parent
              </th>
              <th scope="col" className="px-2 py-1 text-right font-medium">
                Next number
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ path, next }) => (
              <tr key={path}>
                <td className="px-2 py-0.5">
                  <ZnodePath path={path} />
                </td>
                <td className="px-2 py-0.5 text-right tabular-nums">{formatCount(next)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {total > shown.length && (
          <p className="px-2 py-1 text-muted text-xs">
            and {plural(total - shown.length, 'more parent')}; the manifest lists{' '}
            {total > listed.length ? `the first ${formatCount(listed.length)}` : 'all'}.
          </p>
        )}
      </ScrollBox>
    </details>
  )
}
