import Link from 'next/link'
import { alertPlace } from '@/app/_components/alert-place.ts'
import { AtCluster } from '@/app/_components/role.tsx'
import { SeverityBadge } from '@/app/_components/severity-badge.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { AlertView } from '@/lib/services/alerts/views.ts'
import { AcknowledgeButton } from './acknowledge-button.tsx'

/** One alert, open or over: what, since when, who knows, and who was told. */
export function AlertItem({ alert }: { alert: AlertView }) {
  const { severity, title, text, cluster, state, acknowledged } = alert
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-2 px-4 py-3 text-sm">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-center gap-2">
          <SeverityBadge severity={severity} />
          <span className="font-medium">{title}</span>
          {cluster && (
            <Link href={paths.cluster(cluster.id)} className="link min-w-0 break-words">
              {cluster.name}
            </Link>
          )}
        </p>
        <p className="mt-1 break-words">{text}</p>
        <p className="mt-1 text-muted text-xs">
          <Times alert={alert} />
          {state !== 'pending' && <Notices notices={alert.notices} />}
        </p>
        {acknowledged && (
          <p className="mt-1 break-words text-xs">
            <span className="text-muted">Acknowledged by </span>
            {acknowledged.by}
            <span className="text-muted">
              {' '}
              <RelativeTime at={acknowledged.at} />
              {acknowledged.silentUntil ? (
                <>
                  , no reminders until <RelativeTime at={acknowledged.silentUntil} />
                </>
              ) : (
                ', no reminders until it is over'
              )}
              :{' '}
            </span>
            {acknowledged.reason}
          </p>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <LinkButton size="small" href={alertPlace(alert)} aria-label={`Look at ${title}: ${text}`}>
          Look
        </LinkButton>
        {state !== 'resolved' && (
          <AtCluster ids={[cluster?.id]}>
            <AcknowledgeButton alert={alert} />
          </AtCluster>
        )}
      </div>
    </li>
  )
}

function Times({ alert: { since, firedAt, resolvedAt, clearSince, endedBecause } }: { alert: AlertView }) {
  return (
    <>
      {firedAt ? 'Fired ' : 'Seen since '}
      <RelativeTime at={firedAt ?? since} />
      {resolvedAt && (
        <>
          , over <RelativeTime at={resolvedAt} />
        </>
      )}
      {endedBecause && ` because ${endedBecause}`}
      {!resolvedAt && clearSince && (
        <>
          ; gone <RelativeTime at={clearSince} />, and watched for a moment
        </>
      )}
    </>
  )
}

function Notices({ notices: { sent, waiting, dead } }: Pick<AlertView, 'notices'>) {
  const parts = [
    sent > 0 && `${plural(sent, 'notice')} sent`,
    waiting > 0 && `${waiting} waiting`,
    dead > 0 && `${dead} given up`,
  ].filter(Boolean)
  return <>. {parts.length === 0 ? 'No notice was sent' : parts.join(', ')}.</>
}
