import {
  BadgeCheck,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  Copy,
  FileInput,
  Gavel,
  Hourglass,
  LockKeyhole,
  Pin,
  ShieldAlert,
  ShieldCheck,
  Waves,
} from 'lucide-react'
import { Badge } from '@/app/_ui/badge.tsx'
import type { BackupPlace, BackupView } from '@/lib/services/backups/views.ts'

const PROOFS: Record<string, string> = {
  digest: "the tree's own digest equals the one that ZooKeeper published",
  replay: 'transactions were replayed to this zxid without a gap; there was no digest to compare it with',
  quiet: 'no write happened while it was taken',
  converged: 'what moved was read again until nothing moved',
}

export function describeProof(proof: string | null): string | null {
  return proof === null ? null : (PROOFS[proof] ?? proof)
}

export function StatusBadge({ status }: { status: BackupView['status'] }) {
  if (status === 'complete') {
    return (
      <Badge tone="good" icon={<CircleCheck aria-hidden />}>
        complete
      </Badge>
    )
  }
  return (
    <Badge tone="bad" icon={<CircleAlert aria-hidden />} title="Some znodes could not be read or only in part">
      partial
    </Badge>
  )
}

export function ImportBadge() {
  return (
    <Badge icon={<FileInput aria-hidden />} title="Made of an uploaded file, not taken from this cluster">
      import
    </Badge>
  )
}

export function ConsistencyBadge({ backup }: { backup: Pick<BackupView, 'consistency' | 'proof' | 'source'> }) {
  if (backup.consistency === 'exact') {
    return (
      <Badge tone="good" icon={<BadgeCheck aria-hidden />} title={describeProof(backup.proof) ?? undefined}>
        exact{backup.proof && `: ${backup.proof}`}
      </Badge>
    )
  }
  return (
    <Badge
      tone="warn"
      icon={<Waves aria-hidden />}
      title={
        backup.source === 'import'
          ? 'The file does not prove that it is one state of a tree'
          : 'Writes landed while it was taken'
      }
    >
      fuzzy
    </Badge>
  )
}

export function VerifiedBadge({ backup }: { backup: Pick<BackupView, 'verifiedAt' | 'verifyOk' | 'verifyDepth'> }) {
  if (backup.verifyOk === true && backup.verifyDepth === 'sums') {
    return (
      <Badge icon={<BadgeCheck aria-hidden />} title="It is encrypted: without its key only the sums could be checked">
        sums verified
      </Badge>
    )
  }
  if (backup.verifyOk === true) {
    return (
      <Badge tone="good" icon={<BadgeCheck aria-hidden />}>
        verified
      </Badge>
    )
  }
  if (backup.verifyOk === false) {
    return (
      <Badge tone="bad" icon={<CircleAlert aria-hidden />}>
        damaged
      </Badge>
    )
  }
  return (
    <Badge icon={<CircleDashed aria-hidden />} title="Read back when it was written, not verified since">
      not verified
    </Badge>
  )
}

const PLACE_WORDS: Record<BackupPlace['state'], string> = {
  there: 'there',
  damaged: 'found damaged',
  missing: 'missing',
  coming: 'being copied',
  failed: 'could not be copied',
}

/** In how many stores it lies. Nothing where it lies in one, as it should. */
export function PlacesBadge({ backup: { places } }: { backup: Pick<BackupView, 'places'> }) {
  const there = places.filter(({ state }) => state === 'there').length
  const isBad = places.some(({ state }) => state !== 'there' && state !== 'coming')
  // One that is damaged has a badge of its own.
  if (places.length < 2 && places[0]?.state !== 'missing') return null
  return (
    <Badge
      tone={isBad ? 'bad' : 'neutral'}
      icon={isBad ? <CircleAlert aria-hidden /> : <Copy aria-hidden />}
      title={places.map(({ store, state }) => `${store}: ${PLACE_WORDS[state]}`).join('\n')}
    >
      {there === places.length ? `${there} stores` : `${there} of ${places.length} stores`}
    </Badge>
  )
}

/** Nothing for a plain one. */
export function EncryptedBadge({ backup }: { backup: Pick<BackupView, 'recipients'> }) {
  if (backup.recipients === null) return null
  return (
    <Badge icon={<LockKeyhole aria-hidden />} title={`Encrypted to ${backup.recipients.join(', ')}`}>
      encrypted
    </Badge>
  )
}

/** Nothing for a backup that no drill has looked at. */
export function DrillBadge({ backup }: { backup: Pick<BackupView, 'drill'> }) {
  if (backup.drill === null) return null
  return backup.drill.ok ? (
    <Badge tone="good" icon={<ShieldCheck aria-hidden />} title="A stock server loaded it and gave all of it back">
      proved restorable
    </Badge>
  ) : (
    <Badge tone="bad" icon={<ShieldAlert aria-hidden />} title="A server did not give back what the backup holds">
      drill failed
    </Badge>
  )
}

export function PinnedBadge() {
  return (
    <Badge tone="accent" icon={<Pin aria-hidden />} title="Never deleted until it is unpinned">
      pinned
    </Badge>
  )
}

export function HeldBadge({ hold }: { hold: NonNullable<BackupView['hold']> }) {
  return (
    <Badge tone="accent" icon={<Gavel aria-hidden />} title={`Held by ${hold.by}: ${hold.reason}`}>
      held
    </Badge>
  )
}

/** No keep rule keeps it, and its removal waits for the grace to end. */
export function GoesBadge({ goes }: { goes: NonNullable<BackupView['goes']> }) {
  return (
    <Badge tone="warn" icon={<Hourglass aria-hidden />} title={`By the keep rules: ${goes.reason}`}>
      goes on {goes.after.slice(0, 10)}
    </Badge>
  )
}
