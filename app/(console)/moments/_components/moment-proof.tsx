import { Badge } from '@/app/_ui/badge.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { MomentProofView } from '@/lib/services/moments/views.ts'

export function ProofBadge({ proof }: { proof: MomentProofView }) {
  if (proof.digest === 'match') return <Badge tone="good">proved by digest</Badge>
  if (proof.exact) return <Badge tone="good">gap-free, no digest</Badge>
  return <Badge tone="bad">not proved</Badge>
}

/** Where the tree comes from, and everything that speaks against it. */
export function ProofNotes({ proof }: { proof: MomentProofView }) {
  const { base, applied, zxid, digest } = proof
  const from =
    applied === 0
      ? `It is ${base.name}`
      : `Made from ${base.name} (${base.zxid}) with ${plural(applied, 'transaction')} replayed`
  const why =
    digest === 'match'
      ? `. Its digest is the one that ZooKeeper logged at ${zxid}.`
      : digest === 'mismatch'
        ? `. Its digest is not the one that ZooKeeper logged at ${zxid}: it may not be what was there.`
        : proof.exact
          ? '. The history is gap-free; the log holds no digest for this transaction.'
          : '.'
  return (
    <>
      <p className="text-muted text-sm">
        {from}
        {why}
      </p>
      {!proof.kindsKnown && (
        <Notice tone="warn" title="Kinds are not known">
          This moment starts from a walk over the client port, which cannot tell containers and znodes with a time to
          live from persistent ones, and no digest proves them here.
        </Notice>
      )}
      {proof.problems.length > 0 && (
        <Notice tone={proof.exact ? 'info' : 'warn'} title="What should be known of it">
          <ul className="list-disc pl-4">
            {proof.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  )
}
