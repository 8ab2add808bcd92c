import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import {
  DIGEST_WORDS,
  describeLag,
  describeRate,
  FOLLOW_NEXT,
  FOLLOW_WORDS,
  isHeard,
} from '@/app/_components/follow-words.ts'
import { RefreshEach } from '@/app/_components/refresh-each.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Badge } from '@/app/_ui/badge.tsx'
import { Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { FollowView } from '@/lib/services/follow/views.ts'
import { FollowGaps } from './follow-gaps.tsx'
import { KeptPlaces } from './kept-places.tsx'

const HEARD_MS = 10_000
/** Somebody waits for what comes of it. */
const AWAITED_MS = 2_000

/** How the stream goes: whether it is heard, how far it is, what proves it, and what it has missed. */
export function FollowState({ follow }: { follow: FollowView }) {
  const { state, settings, digest, base, places, gaps } = follow
  const { text, tone } = FOLLOW_WORDS[state]
  return (
    <div className="flex flex-col gap-3">
      {settings.enabled && <RefreshEach ms={isHeard(state) ? HEARD_MS : AWAITED_MS} />}
      {follow.error && state !== 'off' && <ErrorNotice error={follow.error} />}
      {settings.enabled && FOLLOW_NEXT[state] && <p className="text-muted">{FOLLOW_NEXT[state]}</p>}
      {digest.state === 'parted' && settings.enabled && (
        <Notice tone="bad" title="A corrupted server found">
          The digests that {follow.peer ?? 'the server'} sends are not what its own transactions come to
          {digest.zxid !== null && (
            <>
              {' '}
              since <Zxid value={digest.zxid} />
            </>
          )}
          . What is kept goes on being what it sends. Compare the members’ digests (Health), take a backup from another
          member, and let this one fetch the tree anew.
        </Notice>
      )}
      <Facts
        items={[
          [
            'State',
            <span key="state" className="inline-flex flex-wrap items-center gap-1.5">
              <Badge tone={tone}>{text}</Badge>
              {follow.stateSince !== null && state !== 'off' && (
                <span className="text-muted">
                  <RelativeTime at={follow.stateSince} />
                </span>
              )}
            </span>,
          ],
          ['Heard from', follow.peer ?? 'nobody yet'],
          ['Heard last', follow.heardAt ? <RelativeTime key="heard" at={follow.heardAt} /> : 'never'],
          ['Last transaction', follow.lastZxid ? <Zxid key="last" value={follow.lastZxid} /> : 'none yet'],
          ['Lag', isHeard(state) && follow.lagMs !== null ? describeLag(follow.lagMs) : 'not known'],
          [
            'Rate over the last minute',
            isHeard(state) && follow.rate !== null ? describeRate(follow.rate) : 'not known',
          ],
          ['Kept since it was switched on', plural(follow.transactions, 'transaction')],
          [
            'Digests',
            `${DIGEST_WORDS[digest.state]}${digest.compared > 0 ? `, ${formatCount(digest.compared)} compared` : ''}`,
          ],
          [
            'Newest base',
            base ? (
              <span key="base">
                <RelativeTime at={base.at} /> at <Zxid value={base.zxid} />
              </span>
            ) : (
              'none yet'
            ),
          ],
        ]}
      />
      {places.length > 0 && <KeptPlaces places={places} />}
      {gaps.length > 0 && (
        <section aria-label="Gaps" className="flex flex-col gap-1">
          <h3 className="font-medium">Gaps</h3>
          <FollowGaps gaps={gaps} />
        </section>
      )}
    </div>
  )
}
