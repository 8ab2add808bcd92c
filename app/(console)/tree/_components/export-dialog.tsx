'use client'

import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { ExportView, SubtreeSizeView } from '@/lib/services/tree/views.ts'

const POLL_MS = 1000

/** Says how much it will be, gives the file, and then says how much it was. */
export function ExportDialog({
  tree,
  path,
  clusterId,
  onClose,
}: {
  tree: TreeAddress
  path: string
  clusterId: string
  onClose: () => void
}) {
  const [exportId] = useState(() => crypto.getRandomValues(new Uint32Array(4)).join('-'))
  const [begun, setBegun] = useState(false)
  const size = useQuery({
    queryKey: ['size', tree.kind, tree.id, path],
    queryFn: ({ signal }) => requestJson<SubtreeSizeView>(paths.api.treeSize(tree, path), { signal }),
    gcTime: 0,
    staleTime: 0,
    refetchOnWindowFocus: false,
  })
  const outcome = useQuery({
    queryKey: ['export', exportId],
    queryFn: ({ signal }) => requestJson<ExportView | null>(paths.api.exportState(exportId), { signal }),
    enabled: begun,
    gcTime: 0,
    refetchInterval: ({ state }) => (isEnded(state.data) ? false : POLL_MS),
  })
  return (
    <Dialog open onOpenChange={onClose} title="Export as JSON Lines" description={<ZnodePath path={path} />}>
      <div className="flex flex-col gap-3 text-sm">
        {size.error ? (
          <ErrorNotice error={viewOfError(size.error)} />
        ) : size.data ? (
          <SizeWords size={size.data} isLive={tree.kind === 'live'} />
        ) : (
          <div role="status">
            <span className="sr-only">Counting what lies below</span>
            <Skeleton className="w-2/3" />
          </div>
        )}
        <p>
          One line a znode, in path order, with value (base64), ACL and stat: the same lines that{' '}
          <code className="font-mono text-xs">arkeeper export</code> prints. <code>/zookeeper</code> is left out unless
          it is what you export. Hidden values are left out. Who exported what is put on record.
        </p>
        {begun && (
          <OutcomeNotice outcome={outcome.data ?? null} auditHref={paths.audit({ clusterId, action: 'tree.export' })} />
        )}
        <DialogButtons>
          <Button onClick={onClose}>Close</Button>
          {!begun && (
            <a
              href={paths.api.treeExport(tree, path, exportId)}
              download
              onClick={() => setBegun(true)}
              className={buttonClass({ tone: 'primary' })}
            >
              <Download aria-hidden className="size-4" />
              {size.data ? `Download ${plural(size.data.znodes, 'znode')}` : 'Download'}
            </a>
          )}
        </DialogButtons>
      </div>
    </Dialog>
  )
}

const isEnded = (outcome: ExportView | null | undefined) => outcome?.state === 'done' || outcome?.state === 'failed'

function SizeWords({ size, isLive }: { size: SubtreeSizeView; isLive: boolean }) {
  return (
    <>
      <p>
        <strong>{plural(size.znodes, 'znode')}</strong>{' '}
        {isLive
          ? 'at last sight, this one and all below it. The cluster may change while it is read.'
          : 'are in the backup here, this one and all below it.'}
      </p>
      {size.unreadable !== null && size.unreadable > 0 && (
        <Notice tone="warn" title={`${plural(size.unreadable, 'place')} could not be read when the backup was taken`}>
          Neither they nor what lies below them will be in the file:{' '}
          <PathList paths={size.unreadablePaths} total={size.unreadable} />
        </Notice>
      )}
    </>
  )
}

function OutcomeNotice({ outcome, auditHref }: { outcome: ExportView | null; auditHref: string }) {
  const record = (
    <Link href={auditHref} className="link">
      See the audit
    </Link>
  )
  if (outcome === null || outcome.state === 'running') {
    return (
      <Notice live title="The export is being read and sent to your browser">
        This window may be closed: the download goes on. How it ends is on record. {record}.
      </Notice>
    )
  }
  if (outcome.state === 'failed') {
    return (
      <Notice tone="bad" live title="The export did not end: do not use the file">
        {outcome.message}. Nothing was changed. {record}, and export again.
      </Notice>
    )
  }
  return (
    <Notice
      tone={outcome.unreadable > 0 ? 'warn' : 'good'}
      live
      title={`${plural(outcome.znodes, 'znode')} exported${
        outcome.unreadable > 0 ? `, ${formatCount(outcome.unreadable)} could not be read` : ''
      }`}
    >
      {outcome.unreadable > 0 ? (
        <>
          These have no line in the file: <PathList paths={outcome.unreadablePaths} total={outcome.unreadable} />
        </>
      ) : (
        'Everything there was could be read.'
      )}{' '}
      {outcome.masked > 0 && (
        <>
          {plural(outcome.masked, 'hidden value')} {outcome.masked === 1 ? 'was' : 'were'} left out: <code>masked</code>{' '}
          says so in the line.{' '}
        </>
      )}
      {record}.
    </Notice>
  )
}

function PathList({ paths: shown, total }: { paths: readonly string[]; total: number }) {
  return (
    <span className="break-all font-mono text-xs">
      {shown.join(', ')}
      {total > shown.length && ` and ${formatCount(total - shown.length)} more`}
    </span>
  )
}
