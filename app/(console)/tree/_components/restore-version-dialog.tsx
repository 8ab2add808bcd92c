'use client'

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { AclDiff } from '@/app/_components/acl-diff.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { useAction } from '@/app/_components/use-action.ts'
import { ValueDiff } from '@/app/_components/value/value-diff.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { isSameAcl } from '@/lib/domain/znode/acl.ts'
import type { StateView } from '@/lib/services/logs/views.ts'
import type { ZnodeReadingView, ZnodeView } from '@/lib/services/tree/views.ts'
import { restoreZnodeVersionAction } from '../actions.ts'
import { PathAdvice } from './path-advice.tsx'

type Version = Extract<StateView, { kind: 'present' }>

interface Props {
  readonly clusterId: string
  readonly clusterName: string
  readonly path: string
  readonly zxid: string
  readonly part: 'data' | 'acl'
  readonly version: Version
  readonly onClose: () => void
  readonly onDone: (written: {
    readonly zxid: string
    readonly kind: 'changed' | 'created'
    readonly editId: string | null
  }) => void
}

/** What is live now beside what would be written; guarded by exactly what is shown, so that a newer write of somebody is never lost. */
export function RestoreVersionDialog(props: Props) {
  const { clusterId, clusterName, path, zxid, part, onClose } = props
  const live = useQuery({
    // Not below the znode's own key, which is read again whenever something happens to it.
    queryKey: ['restore-version', clusterId, path, zxid],
    queryFn: ({ signal }) =>
      requestJson<ZnodeReadingView>(paths.api.znode({ kind: 'live', id: clusterId }, path), { signal }),
    // What was confirmed is what was looked at: nothing may move under the dialog.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
  })
  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title={part === 'data' ? 'Restore this value' : 'Restore this access'}
      description={
        <>
          <ZnodePath path={path} /> on {clusterName}, as after transaction {zxid}. Only this znode is written.
        </>
      }
    >
      {live.error ? (
        <ErrorNotice error={viewOfError(live.error)} />
      ) : !live.data || live.isFetching ? (
        <div role="status" className="flex flex-col gap-2">
          <span className="sr-only">Reading what is live now</span>
          <Skeleton className="h-32" />
        </div>
      ) : live.data.kind === 'unreadable' ? (
        <Notice tone="bad" title="The znode cannot be read, so nothing is written over it">
          {live.data.message}
        </Notice>
      ) : (
        <Confirmation {...props} live={live.data.kind === 'found' ? live.data.znode : null} />
      )}
    </Dialog>
  )
}

function Confirmation({ live, ...props }: Props & { live: ZnodeView | null }) {
  const { clusterId, clusterName, path, zxid, part, version, onClose, onDone } = props
  const [theirs, setTheirs] = useState(live)
  const [conflict, setConflict] = useState<string | null>(null)
  const save = useAction(restoreZnodeVersionAction, (written) => {
    if (written.kind === 'done')
      onDone({ zxid: written.zxid, kind: theirs ? 'changed' : 'created', editId: written.editId })
    else {
      setConflict(written.message)
      setTheirs(written.theirs.kind === 'found' ? written.theirs.znode : null)
    }
  })
  const write = () => {
    const { stat } = theirs ?? {}
    const expected = stat ? { czxid: stat.czxid, version: stat.version, aversion: stat.aversion } : null
    save.run({ clusterId, path, zxid, part, expected })
  }
  const value = version.value.kind === 'known' ? version.value : null
  const isHidden = Boolean(value?.hidden || theirs?.hidden)
  const isSame =
    part === 'data'
      ? !isHidden &&
        theirs !== null &&
        value !== null &&
        !value.truncated &&
        !theirs.truncated &&
        theirs.data === value.data
      : theirs !== null && version.acl !== null && isSameAcl(theirs.acl, version.acl)
  const size = value === null || (value.data === null && !value.hidden) ? 'null' : formatBytes(value.dataLength)
  const fault = isSame
    ? `The ${part === 'data' ? 'value' : 'access'} is that already`
    : part === 'acl' && theirs === null && 'The znode does not exist: restore its value first'
  return (
    <div className="flex flex-col gap-4">
      {save.error && <ErrorNotice error={save.error} />}
      {conflict !== null && (
        <Notice tone="warn" live title={conflict}>
          Nothing was written. What is live now is below: compare and decide.
        </Notice>
      )}
      {part === 'data' && <PathAdvice clusterId={clusterId} path={path} act={theirs === null ? 'create' : 'change'} />}
      {part === 'data' && isHidden ? (
        <Notice tone="warn" title="The values are hidden, so they are not compared here">
          The value comes from the archived log as it was, without being shown. To see both, reveal them on their pages.
        </Notice>
      ) : part === 'data' ? (
        <ValueDiff
          left={
            theirs
              ? {
                  label: `${conflict === null ? 'Live' : 'Theirs'}, version ${theirs.stat.version}`,
                  data: theirs.data,
                  unpacked: theirs.unpacked,
                }
              : { label: 'Live: absent', data: undefined }
          }
          right={{ label: `As after ${zxid}`, data: value?.data ?? null, unpacked: value?.unpacked }}
        />
      ) : (
        <AclDiff before={theirs?.acl ?? null} after={version.acl} />
      )}
      {part === 'data' && theirs === null && <Creation version={version} />}
      <DialogButtons>
        <Button onClick={onClose}>{conflict === null ? 'Cancel' : 'Keep theirs'}</Button>
        <GuardedButton
          action="znode.set-data"
          tone="danger"
          pending={save.pending}
          disabledReason={fault}
          onClick={write}
        >
          {part === 'acl'
            ? `Write ${plural(version.acl?.length ?? 0, 'entry', 'entries')} to 1 znode on ${clusterName}`
            : theirs === null
              ? `Create 1 znode with ${size} on ${clusterName}`
              : `Write ${size} ${conflict === null ? 'to' : 'over theirs in'} 1 znode on ${clusterName}`}
        </GuardedButton>
      </DialogButtons>
    </div>
  )
}

/** What comes back with a znode that is gone, and what cannot. */
function Creation({ version: { acl, znodeKind } }: { version: Version }) {
  const kind = znodeKind === 'container' || znodeKind === 'ttl' ? znodeKind : 'persistent'
  return (
    <Notice tone="warn" title={`It is created again, as a ${kind === 'ttl' ? 'TTL' : kind} znode`}>
      {znodeKind === 'ephemeral' && 'It was ephemeral; the session that it belonged to is gone. '}
      {znodeKind === null && 'The archived log does not tell what kind it was. '}
      {acl === null
        ? 'The archived log does not tell who had access: it is open to everyone until you change that. '
        : 'It gets the access that it had then. '}
      Its versions begin anew at 0, and its parent must exist.
    </Notice>
  )
}
