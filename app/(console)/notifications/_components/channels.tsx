'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { SeverityBadge } from '@/app/_components/severity-badge.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { Dialog } from '@/app/_ui/dialog.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { ChannelKind } from '@/lib/services/alerts/schemas.ts'
import type { AlertChannelView } from '@/lib/services/alerts/views.ts'
import { removeAlertChannelAction, testAlertChannelAction } from '../actions.ts'
import { ChannelForm } from './channel-form.tsx'

const KINDS: Record<ChannelKind, string> = { webhook: 'webhook', slack: 'Slack-compatible', email: 'mail' }

interface Props {
  channels: readonly AlertChannelView[]
  clusters: readonly { readonly id: string; readonly name: string }[]
}

export function Channels({ channels, clusters }: Props) {
  const [changing, setChanging] = useState<AlertChannelView | 'new' | null>(null)
  return (
    <Card
      title="Channels"
      flush
      actions={
        <GuardedButton action="alert.set-channel" size="small" onClick={() => setChanging('new')}>
          Add a channel…
        </GuardedButton>
      }
    >
      {channels.length === 0 ? (
        <p className="px-4 py-4 text-muted text-sm">
          None yet: alerts are on their page, and nobody is told elsewhere. A channel is a webhook, an incoming webhook
          of Slack, Mattermost or Rocket.Chat, or mail.
        </p>
      ) : (
        <ul className="divide-y">
          {channels.map((channel) => (
            <ChannelItem key={channel.id} channel={channel} clusters={clusters} onChange={() => setChanging(channel)} />
          ))}
        </ul>
      )}
      {changing && (
        <Dialog
          open
          wide
          onOpenChange={() => setChanging(null)}
          title={changing === 'new' ? 'Add a channel' : `Change the channel ${changing.name}`}
        >
          <ChannelForm
            channel={changing === 'new' ? null : changing}
            clusters={clusters}
            onDone={() => setChanging(null)}
          />
        </Dialog>
      )}
    </Card>
  )
}

function ChannelItem({
  channel,
  clusters,
  onChange,
}: {
  channel: AlertChannelView
  clusters: Props['clusters']
  onChange: () => void
}) {
  const router = useRouter()
  const [answer, setAnswer] = useState<string | null>(null)
  const test = useAction(testAlertChannelAction, (value) => setAnswer(value.answer))
  const remove = useAction(removeAlertChannelAction, () => router.refresh())
  const { id, name, kind, place, enabled, leastSeverity, clusterIds, failures, lastError, lastOkAt } = channel
  const names = clusterIds?.map((each) => clusters.find((cluster) => cluster.id === each)?.name ?? each)
  return (
    <li className="flex flex-col gap-2 px-4 py-3 text-sm">
      <div className="flex flex-wrap items-center gap-2">
        <span className="min-w-0 break-words font-medium">{name}</span>
        <Badge>{KINDS[kind]}</Badge>
        <Badge tone={enabled ? 'good' : 'neutral'}>{enabled ? 'on' : 'off'}</Badge>
        <span className="text-muted text-xs">from</span>
        <SeverityBadge severity={leastSeverity} />
        <span className="flex-1" />
        <GuardedButton
          action="alert.test-channel"
          size="small"
          pending={test.pending}
          aria-label={`Send test to ${name}`}
          onClick={() => {
            setAnswer(null)
            test.run({ channelId: id })
          }}
        >
          Send test
        </GuardedButton>
        <GuardedButton action="alert.set-channel" size="small" aria-label={`Change ${name}`} onClick={onChange}>
          Change…
        </GuardedButton>
        <GuardedButton
          action="alert.remove-channel"
          size="small"
          tone="quiet"
          pending={remove.pending}
          aria-label={`Remove ${name}`}
          onClick={() => remove.run({ channelId: id })}
        >
          Remove
        </GuardedButton>
      </div>
      <p className="break-words text-muted text-xs">
        {place}; {names ? `alerts of ${names.join(', ')}` : 'alerts of every cluster and of the installation'}
        {lastOkAt && (
          <>
            ; last taken <RelativeTime at={lastOkAt} />
          </>
        )}
        {channel.waiting > 0 && `; ${plural(channel.waiting, 'notice')} waiting`}
        {channel.dead > 0 && `; ${channel.dead} given up`}
      </p>
      {lastError && (
        <Notice tone="bad" title={`Not taken, ${plural(failures, 'time')} in a row`}>
          {lastError}. It is tried again for about seven hours.
        </Notice>
      )}
      {test.error && <ErrorNotice error={test.error} />}
      {remove.error && <ErrorNotice error={remove.error} />}
      {answer !== null && (
        <Notice tone="good" live title="The test was taken">
          The receiver said: <code className="break-all font-mono text-xs">{answer}</code>
        </Notice>
      )}
    </li>
  )
}
