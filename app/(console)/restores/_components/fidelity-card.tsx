import { Download } from 'lucide-react'
import type { ReactNode } from 'react'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { CounterLeft, Listing, OwnerSession, PlanFidelity } from '@/lib/domain/restore/fidelity.ts'
import type { RestoreReportView } from '@/lib/services/restores/views.ts'

type ReadBack = RestoreReportView['fidelity']

/** What a restore carries of the source and what it does not: before the run as a promise, after it as what was read back. */
export function FidelityCard({
  restoreId,
  fidelity,
  readBack,
}: {
  restoreId: string
  fidelity: PlanFidelity
  readBack: ReadBack
}) {
  const { kinds, counters, ephemerals } = fidelity
  const listed = ephemerals.left.total + counters.left.total + kinds.differing.total + kinds.untold.total
  return (
    <Card
      title={readBack === null ? 'What this carries, and what not' : 'What was carried, and what not'}
      actions={
        listed > 0 && (
          <a href={paths.api.restoreReport(restoreId)} download className={buttonClass({ size: 'small' })}>
            <Download aria-hidden className="size-3.5" />
            Download all that is left
          </a>
        )
      }
    >
      <dl className="grid gap-4 text-sm sm:grid-cols-2">
        <Item title="Kinds of znodes">
          {kinds.containers + kinds.ttls > 0 && (
            <p>
              Kept: {plural(kinds.containers, 'container')} and {plural(kinds.ttls, 'znode')} with a time to live, which
              begins anew.
            </p>
          )}
          {kinds.unknown.total > 0 && (
            <p>
              Unknown by the client protocol in the source: {plural(kinds.unknown.total, 'znode')} created as
              persistent.
            </p>
          )}
          <Places title="Exist with another kind, which cannot be changed" listing={kinds.differing}>
            {({ live, source }) => `${live} here, ${source} in the source`}
          </Places>
          <Places title="Kind on the cluster unknown by the client protocol" listing={kinds.untold}>
            {({ source }) => `${source} in the source`}
          </Places>
          {kinds.containers + kinds.ttls + kinds.unknown.total + kinds.differing.total + kinds.untold.total === 0 && (
            <p>Nothing but plain znodes is created.</p>
          )}
        </Item>
        <Item title="ACLs">
          <p>{describeAcls(fidelity, readBack)}</p>
          <Places title="Hidden in the source" listing={fidelity.acls.masked} />
        </Item>
        <Item title="Sequence counters">
          <Counters counters={counters} readBack={readBack} />
        </Item>
        <Item title="Quotas">
          <p>{describeQuotas(fidelity.quotas, readBack !== null)}</p>
          <Places title="Limits that differ" listing={fidelity.quotas.written} />
        </Item>
        <Item title="Ephemeral znodes">
          {ephemerals.left.total === 0 ? (
            <p>None is left out.</p>
          ) : (
            <p>
              Never restored: {plural(ephemerals.left.total, 'znode')}
              {ephemerals.dead > 0 &&
                `, ${formatCount(ephemerals.dead)} of them of sessions that were not alive in the source`}
              .
            </p>
          )}
          <Places title="Left out" listing={ephemerals.left}>
            {({ owner, session }) => `session ${owner}${OWNER_WORDS[session]}`}
          </Places>
        </Item>
        <Item title="Never carried">
          <p>Times, versions and zxids: the cluster gives its own. A physical restore keeps them.</p>
        </Item>
      </dl>
    </Card>
  )
}

function Item({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="mb-1 font-medium">{title}</dt>
      <dd className="flex flex-col gap-1.5 text-muted">{children}</dd>
    </div>
  )
}

function Counters({ counters, readBack }: { counters: PlanFidelity['counters']; readBack: ReadBack }) {
  const { mode, advanced, left, operations, batches, operationsMax } = counters
  return (
    <>
      {advanced.total > 0 && (
        <p>
          {readBack === null
            ? `To advance: ${plural(advanced.total, 'parent')}, with ${formatCount(operations)} creates and deletes (of at most ${formatCount(operationsMax)}) in about ${plural(batches, 'transaction')}. A counter never goes back: no undo takes this back.`
            : `${formatCount(readBack.counters.reached)} of ${plural(advanced.total, 'counter')} read back at the number of the source or beyond.`}
        </p>
      )}
      {advanced.total === 0 && left.total === 0 && <p>None is lower than in the source.</p>}
      <Places title="Advanced" listing={advanced}>
        {({ from, to }) => `${formatCount(from)} → ${formatCount(to)}, ${formatCount(2 * (to - from))} operations`}
      </Places>
      {left.total > 0 && (
        <p>
          {mode === 'leave'
            ? `Lower than in the source, and left: ${plural(left.total, 'parent')}. Names of sequential znodes may repeat.`
            : `Not advanced: ${plural(left.total, 'parent')}.`}
        </p>
      )}
      <Places title="Counters that stay lower" listing={left}>
        {({ next, source, reason }) => `goes on with ${next}, not ${source}${COUNTER_REASONS[reason]}`}
      </Places>
    </>
  )
}

/** The first of a listing, with their total; nothing for none. */
function Places<T extends { readonly path: string }>({
  title,
  listing,
  children,
}: {
  title: string
  listing: Listing<T>
  children?: (item: T) => string
}) {
  if (listing.total === 0) return null
  const label = `${title}: ${formatCount(listing.total)}`
  const more = listing.total - listing.listed.length
  return (
    <details>
      <summary className="cursor-pointer">{label}</summary>
      <ScrollBox label={label} className="mt-1 max-h-48 rounded-md border bg-sunken px-3">
        <ul className="divide-y">
          {listing.listed.map((item) => (
            <li key={item.path} className="py-1">
              <ZnodePath path={item.path} /> {children && <span>{children(item)}</span>}
            </li>
          ))}
          {more > 0 && <li className="py-1">and {formatCount(more)} more: download the list</li>}
        </ul>
      </ScrollBox>
    </details>
  )
}

const OWNER_WORDS: Record<OwnerSession, string> = {
  alive: '',
  dead: ': owner session was not alive in the source',
  unknown: '; the source does not tell whether it was alive',
}

const COUNTER_REASONS: Record<CounterLeft['reason'], string> = {
  left: '',
  cap: ': physical only, it costs more than is allowed',
  'empty-container': ': physical only, an empty container is removed once it has had a child',
  'no-rights': ': physical only, the credentials may not make and remove children there',
  'too-many': ': physical only, there are too many such parents',
}

function describeAcls({ acls }: PlanFidelity, readBack: ReadBack): string {
  if (readBack === null)
    return acls.planned === 0 ? 'None is written.' : `To write, read back and compare: ${plural(acls.planned, 'list')}.`
  const { compared, hidden, unresolved } = readBack.acls
  const open = hidden + unresolved
  const rest =
    open === 0 ? '' : ` ${plural(open, 'list')} could not be: the server hides digests, or nobody knows whose they are.`
  return `${plural(compared, 'list')} read back and compared as the server stores them.${rest}`
}

function describeQuotas({ asked, obstacle, written, left }: PlanFidelity['quotas'], isDone: boolean): string {
  if (obstacle !== null) return `Not restored: ${obstacle}.`
  if (asked) {
    const hard = 'Hard limits count on servers from 3.7 on that enforce them.'
    return written.total === 0
      ? 'They are as in the source.'
      : `Limits ${isDone ? 'written' : 'to write'} for ${plural(written.total, 'path')}. ${hard}`
  }
  if (left === null) return 'Not asked for, and not looked at.'
  return left === 0 ? 'None differ.' : `Left, because they were not asked for: ${plural(left, 'limit')} of the source.`
}
