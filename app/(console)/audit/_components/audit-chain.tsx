import { Link2, Link2Off, LoaderCircle, TriangleAlert } from 'lucide-react'
import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { FORWARD_KINDS } from '@/lib/services/audit/schemas.ts'
import type { AuditStateView } from '@/lib/services/audit/views.ts'
import { AuditForward } from './audit-forward.tsx'
import { AuditRetention } from './audit-retention.tsx'
import { CheckpointFiles } from './checkpoint-files.tsx'
import { VerifyButton } from './verify-button.tsx'

/** Whether the audit can be believed, as far as it was read; and what else keeps it so, folded away. */
export function AuditChain({ state }: { state: AuditStateView }) {
  const { verified, forwards, checkpoint, removed, settings, key, problems, problemCount } = state
  return (
    <section aria-label="Chain of the audit" className="mb-4 flex flex-col gap-2 text-sm">
      <div className="flex flex-wrap items-center gap-2">
        <ChainBadge state={state} />
        {verified && (
          <span className="text-muted">
            read <RelativeTime at={verified.at} />
            {verified.wholeAt && (
              <>
                , the whole of it <RelativeTime at={verified.wholeAt} />
              </>
            )}
          </span>
        )}
        {forwards.some(({ enabled, failures }) => enabled && failures > 0) && (
          <Badge tone="bad" icon={<TriangleAlert aria-hidden />}>
            Forwarding fails
          </Badge>
        )}
        <VerifyButton isUnderWay={state.isRequested || state.readingEntries !== null} />
      </div>
      {problemCount > 0 && (
        <ul className="list-disc pl-5 text-removed">
          {problems.slice(0, 5).map((problem) => (
            <li key={problem.message} className="break-words">
              {problem.id === null ? (
                problem.message
              ) : (
                <Link href={paths.audit({ before: problem.id + 1 })} className="underline">
                  {problem.message}
                </Link>
              )}
            </li>
          ))}
          {problemCount > 5 && <li>and {formatCount(problemCount - 5)} more: see arkeeper audit verify</li>}
        </ul>
      )}
      <details>
        <summary className="text-accent">Checkpoints, retention and forwarding</summary>
        <div className="mt-2 flex flex-col gap-3">
          <Card title="Signed checkpoints">
            <Facts
              items={[
                [
                  'Last one',
                  checkpoint ? (
                    <span key="last">
                      entry {formatCount(checkpoint.sequence)}, <RelativeTime at={checkpoint.at} />
                    </span>
                  ) : (
                    'none yet: one is made each hour when something changed'
                  ),
                ],
                ['Key', <code key="key">{key.id}</code>],
                [
                  'Removed by retention',
                  removed ? `entries up to ${formatCount(removed.throughSequence)}` : 'nothing so far',
                ],
              ]}
            />
            <pre className="my-3 whitespace-pre-wrap break-all rounded border bg-sunken p-2 text-xs">
              {key.publicKey.trim()}
            </pre>
            <CheckpointFiles on={settings.checkpointFiles} />
          </Card>
          <Card title="Retention">
            <AuditRetention months={settings.months} />
          </Card>
          {FORWARD_KINDS.map((kind) => (
            <Card key={kind} title={kind === 'syslog' ? 'Forward to syslog' : 'Forward to a webhook'}>
              <AuditForward kind={kind} known={forwards.find((each) => each.kind === kind) ?? null} head={state.head} />
            </Card>
          ))}
        </div>
      </details>
    </section>
  )
}

function ChainBadge({ state }: { state: AuditStateView }) {
  const { problems, problemCount, verified, head, readingEntries, isRequested } = state
  if (problemCount > 0) {
    const at = problems.find(({ sequence }) => sequence !== null)?.sequence
    return (
      <Badge tone="bad" icon={<Link2Off aria-hidden />}>
        Chain broken{at ? ` at entry ${formatCount(at)}` : ''}
      </Badge>
    )
  }
  if (verified) {
    const isBehind = head > verified.sequence
    return (
      <Badge tone="good" icon={<Link2 aria-hidden />}>
        Chain verified up to entry {formatCount(verified.sequence)}
        {isBehind && ` of ${formatCount(head)}`}
      </Badge>
    )
  }
  return (
    <Badge icon={<LoaderCircle aria-hidden />}>
      {readingEntries !== null || isRequested
        ? `Chain is being read: ${formatCount(readingEntries ?? 0)} entries`
        : 'Chain not verified yet: a worker does it'}
    </Badge>
  )
}
