import { describeProof } from '@/app/_components/backup-badges.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import { hasGaps, type Manifest } from '@/lib/domain/snapshot/manifest.ts'

/** Stated, never assumed: what the archive is proven to be, or within which window it lies. */
export function ConsistencyWords({ manifest }: { manifest: Pick<Manifest, 'consistency' | 'source' | 'import'> }) {
  const { consistency } = manifest
  const proof = describeProof(consistency.proof ?? null)
  return (
    <div className="flex flex-col gap-2 text-sm">
      {hasGaps(manifest) ? (
        <p>
          <strong>Not known.</strong> The file does not say when each znode was read, nor what was written meanwhile
          {consistency.to !== '0x0' && (
            <>
              ; the highest zxid in it is <Zxid value={consistency.to} />
            </>
          )}
          .
        </p>
      ) : consistency.class === 'exact' ? (
        <p>
          <strong>Exact.</strong> This is the tree as it was at <Zxid value={consistency.to} />
          {proof && <>; the proof: {proof}</>}.
        </p>
      ) : (
        <p>
          <strong>Fuzzy.</strong> Writes landed while it was taken. Each znode is as it was at some moment between{' '}
          <Zxid value={consistency.from} what="first zxid" /> and <Zxid value={consistency.to} what="last zxid" />.
        </p>
      )}
      {consistency.movedKnown === false && !hasGaps(manifest) && (
        <p className="text-changed">
          Nothing could tell all that moved meanwhile (no recursive watch: a server older than 3.6, a lost watch, or a
          snapshot without the client port), so the list of moved paths is not whole.
        </p>
      )}
      {consistency.moved.length > 0 && (
        <details>
          <summary className="text-accent">
            {plural(consistency.moved.length, 'path')} moved while it was taken
            {consistency.movedReread && ', all read again'}
          </summary>
          <PathList label="Paths that moved" paths={consistency.moved} />
        </details>
      )}
      {consistency.moved.length === 0 && consistency.movedKnown !== false && (
        <p className="text-muted">No path moved while it was taken.</p>
      )}
    </div>
  )
}

const SHOWN_MAX = 500

export function PathList({ label, paths }: { label: string; paths: readonly string[] }) {
  return (
    <ScrollBox label={label} className="mt-1 max-h-48 rounded-md border bg-sunken p-2">
      <ul className="text-xs">
        {paths.slice(0, SHOWN_MAX).map((path) => (
          <li key={path}>
            <ZnodePath path={path} />
          </li>
        ))}
        {paths.length > SHOWN_MAX && (
          <li className="text-muted">and {plural(paths.length - SHOWN_MAX, 'more path')}; the manifest lists all.</li>
        )}
      </ul>
    </ScrollBox>
  )
}
