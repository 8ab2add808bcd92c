import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { AlertRules } from './_components/alert-rules.tsx'
import { Channels } from './_components/channels.tsx'
import { RepeatForm } from './_components/repeat-form.tsx'
import { loadChannels, loadRules } from './loaders.ts'

export const metadata: Metadata = { title: 'Notifications' }

export default async function NotificationsPage() {
  const [channels, rules] = await Promise.all([loadChannels(), loadRules()])
  return (
    <>
      <PageHeader title="Notifications" actions={<LinkButton href={paths.alerts()}>Alerts</LinkButton>}>
        Where notices of alerts go, and what is an alert. A notice says what happened to which cluster and links here;
        no value and no path of a znode is ever in it.
      </PageHeader>
      <div className="flex max-w-6xl flex-col gap-4">
        {!channels.ok ? (
          <ErrorNotice error={channels.error} />
        ) : channels.value ? (
          <Channels {...channels.value} />
        ) : (
          <Notice title="Channels are for administrators">
            What they are set to, and whom they reach, is shown to administrators overall.
          </Notice>
        )}
        {!rules.ok ? (
          <ErrorNotice error={rules.error} />
        ) : (
          <>
            <Card title="Reminders">
              <RepeatForm hours={rules.value.repeatHours} />
            </Card>
            <Card title="Rules" flush>
              <AlertRules clusterId={null} rules={rules.value.rules} />
            </Card>
          </>
        )}
      </div>
    </>
  )
}
