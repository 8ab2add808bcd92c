import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { AdminRetentionView, MemberRetentionView } from '@/lib/services/retention/views.ts'
import { DiskUse } from './disk-use.tsx'
import { LogTable, SnapshotTable } from './file-tables.tsx'
import { PlainFact } from './plain-fact.tsx'
import { purgeStateOf, settingWords, spreadWords } from './retention-words.ts'

/** One server: its alarms, how it is set, what its disk holds. */
export function MemberCard({ member }: { member: MemberRetentionView }) {
  const { admin, directory, settings } = member
  const purge = purgeStateOf(settings.purgeIntervalHours)
  return (
    <section aria-label={member.name} className="flex min-w-0 flex-col gap-4">
      <Card
        title={<span className="break-all">{member.name}</span>}
        actions={
          <>
            {admin?.ok && admin.state && <Badge>{admin.state}</Badge>}
            {admin?.ok && admin.version && <Badge>ZooKeeper {admin.version}</Badge>}
          </>
        }
      >
        <div className="flex min-w-0 flex-col gap-3">
          <Alarms member={member} />
          <Facts
            items={[
              [
                'autopurge.purgeInterval',
                purge === 'on'
                  ? settingWords(settings.purgeIntervalHours, ' h')
                  : `off: ${settingWords(settings.purgeIntervalHours)}`,
              ],
              ['autopurge.snapRetainCount', settingWords(settings.snapRetainCount)],
              ['snapCount', settingWords(settings.snapCount)],
              ['snapSizeLimitInKb', settingWords(settings.snapSizeLimitKb)],
              ['preAllocSize, KiB', settingWords(settings.preAllocKb)],
              [
                'A snapshot after',
                <span key="after">
                  {spreadWords(member.trigger.txns, formatCount)} transactions
                  {member.trigger.bytes && `, or ${spreadWords(member.trigger.bytes, formatBytes)} of log`}
                </span>,
              ],
              ...(member.trigger.sinceRoll
                ? [
                    [
                      'Since the log was begun',
                      `${member.trigger.sinceRoll.isWhole ? '' : 'at least '}${plural(member.trigger.sinceRoll.txns, 'transaction')}, ${formatBytes(member.trigger.sinceRoll.bytes)}`,
                    ] as const,
                  ]
                : []),
            ]}
          />
          <PlainFact>
            <code>snapCount</code> is read when the server starts. Nothing writes it to <code>zoo.cfg</code>, and
            changing it needs a restart.
          </PlainFact>
          {directory.kind === 'fault' && <ErrorNotice error={directory.fault} />}
          {directory.kind !== 'read' && <AdminSizes admin={admin} />}
          {directory.kind === 'read' && <DiskUse directory={directory} settings={settings} />}
        </div>
      </Card>
      {directory.kind === 'read' && (
        <>
          <SnapshotTable member={member.name} directory={directory} purge={purge} />
          <LogTable member={member.name} directory={directory} purge={purge} />
        </>
      )}
    </section>
  )
}

function Alarms({ member }: { member: MemberRetentionView }) {
  const { admin, directory, trigger } = member
  return (
    <>
      {admin && !admin.ok && <ErrorNotice error={admin.fault} />}
      {admin?.ok && (admin.digestMismatches ?? 0) > 0 && (
        <Notice
          tone="bad"
          title={`${plural(admin.digestMismatches ?? 0, 'digest mismatch', 'digest mismatches')} since this server started`}
        >
          Its tree was not what a snapshot or a transaction said it should be: its memory, its files or another server’s
          may differ from the rest. Compare it with the other members before you trust a backup from it, and look for
          “digest” in its log.
        </Notice>
      )}
      {admin?.ok && admin.warnings.map((warning) => <Notice key={warning} tone="warn" title={warning} />)}
      {trigger.isSizeLimitBelowPadding && (
        <Notice tone="warn" title="snapSizeLimitInKb is too small for preAllocSize">
          What counts is the size of the log’s file, padding included. Half the limit is less than one preallocation, so
          that the first transaction of a log can already ask for a snapshot, and each one after it.
        </Notice>
      )}
      {directory.kind === 'read' && directory.misplaced.length > 0 && (
        <Notice tone="bad" title="The server will not start again like this">
          With two directories, snapshots in the log directory or logs in the snapshot directory stop the start:{' '}
          <code className="break-all">{directory.misplaced.join(', ')}</code>
        </Notice>
      )}
      {directory.kind === 'read' && directory.parked.length > 0 && (
        <Notice tone="warn" title="Parked files are live files">
          A server reads a name by its dots: <code className="break-all">{directory.parked.join(', ')}</code> counts as
          what its second part says, is loaded at a start, and takes a place among the snapshots that a purge keeps;
          without a zxid it is deleted. To park a file, move it out of <code>version-2</code>.
        </Notice>
      )}
    </>
  )
}

function AdminSizes({ admin }: { admin: AdminRetentionView | null }) {
  if (!admin?.ok) return null
  const size = (bytes: number | null) => (bytes === null ? 'not told' : formatBytes(bytes))
  return (
    <>
      <Facts
        items={[
          [
            admin.isOneDirectory ? 'Snapshots and logs, one directory' : 'Snapshot directory',
            size(admin.snapshotDirBytes),
          ],
          ...(admin.isOneDirectory ? [] : [['Log directory', size(admin.logDirBytes)] as const]),
          [
            'Last snapshot',
            admin.lastSnapshot ? (
              <span key="last">
                <Zxid value={admin.lastSnapshot.zxid} />, <RelativeTime at={admin.lastSnapshot.at} />
              </span>
            ) : (
              'not told'
            ),
          ],
        ]}
      />
      <PlainFact>
        Known by its AdminServer alone, this member tells sizes, with the logs’ padding in them, and settings. Which
        files it holds and what a purge would keep needs its directory.
      </PlainFact>
    </>
  )
}
