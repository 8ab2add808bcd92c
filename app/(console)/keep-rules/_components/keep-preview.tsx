import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { KeepLineView, KeepPreviewView } from '@/lib/services/keep-rules/views.ts'

const LINES_MAX = 200

/** What stays and why, what would go and why, before anything is saved. */
export function KeepPreview({ preview }: { preview: KeepPreviewView }) {
  const going = preview.lines.filter(({ stays }) => !stays)
  const staying = preview.lines.filter(({ stays }) => stays)
  return (
    <div className="flex flex-col gap-3">
      <Notice
        live
        tone={preview.isEmpty || preview.isMass ? 'bad' : preview.goes > 0 ? 'warn' : 'good'}
        title={
          preview.goes === 0
            ? `All ${plural(preview.stays, 'backup')} would stay`
            : `${plural(preview.goes, 'backup')} would go (${formatBytes(preview.bytesFreed)}), ${preview.stays} would stay`
        }
      >
        {preview.isEmpty && 'These rules keep nothing: they cannot be saved. '}
        {preview.isMass &&
          `${preview.goodGoing} of ${plural(preview.good, 'good backup')} would go at once: that must be confirmed. `}
        {preview.goes > 0 && 'They are marked first and removed when the grace is over; until then each can be kept.'}
      </Notice>
      {going.length > 0 && <Lines label="Backups that would go" lines={going} />}
      {staying.length > 0 && <Lines label="Backups that would stay" lines={staying} />}
    </div>
  )
}

function Lines({ label, lines }: { label: string; lines: readonly KeepLineView[] }) {
  return (
    <section className="flex flex-col gap-1">
      <h3 className="font-medium">
        {label}: {lines.length}
      </h3>
      <div className="max-h-72 overflow-y-auto rounded-md border">
        <Table label={label} head={['Taken', 'Scope', 'Size', 'Why']} numeric={[2]}>
          {lines.slice(0, LINES_MAX).map((line) => (
            <Row key={line.backupId}>
              <Cell className="whitespace-nowrap">
                <Link href={paths.backup(line.backupId)} className="link">
                  {formatUtc(Date.parse(line.takenAt))}
                </Link>
                {line.soundness !== 'good' && <Badge tone="bad">{line.soundness}</Badge>}
              </Cell>
              <Cell>
                <span className="block max-w-40 truncate" title={line.scope}>
                  {line.scope === '/' ? 'whole tree' : line.scope}
                </span>
              </Cell>
              <Cell className="whitespace-nowrap text-right">{formatBytes(line.bytes)}</Cell>
              <Cell>{line.reasons.join('; ')}</Cell>
            </Row>
          ))}
        </Table>
      </div>
      {lines.length > LINES_MAX && <p className="text-muted text-xs">and {lines.length - LINES_MAX} more</p>}
    </section>
  )
}
