'use client'

import { Archive, Download, FilePlus2, History, Pencil, Shield, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { isMaskedAcl } from '@/lib/domain/znode/acl.ts'
import { isSystemPath } from '@/lib/domain/znode/path.ts'
import { formatTreeRef, treeAddressOf } from '@/lib/services/tree/tree-ref.ts'
import type { ZnodeView } from '@/lib/services/tree/views.ts'
import { CreateDialog } from './create-dialog.tsx'
import { DeleteDialog } from './delete-dialog.tsx'
import { EditAclDialog } from './edit-acl-dialog.tsx'
import { EditValueDialog } from './edit-value-dialog.tsx'
import { ExportDialog } from './export-dialog.tsx'
import type { TreeWriting } from './tree-browser.tsx'
import type { ZnodeWritten } from './znode-panel.tsx'

type Open = 'create' | 'value' | 'acl' | 'delete' | 'export' | null

/** What can be done to this znode here. What cannot stays visible and says why. */
export function ZnodeActions({
  znode,
  writing,
  onWritten,
}: {
  znode: ZnodeView
  writing: TreeWriting
  onWritten: (written: ZnodeWritten) => void
}) {
  const [open, setOpen] = useState<Open>(null)
  const tree: TreeAddress = treeAddressOf(writing)
  const close = () => setOpen(null)
  const exporting = (
    <>
      <Button size="small" icon={<Download aria-hidden className="size-3.5" />} onClick={() => setOpen('export')}>
        Export…
      </Button>
      {open === 'export' && (
        <ExportDialog tree={tree} path={znode.path} clusterId={writing.clusterId} onClose={close} />
      )}
    </>
  )
  if (writing.kind !== 'live') {
    const source = formatTreeRef(writing)
    return (
      <div className="flex flex-wrap gap-2">
        <LinkButton
          size="small"
          href={paths.newRestore({ clusterId: writing.clusterId, source, path: znode.path })}
          icon={<History aria-hidden className="size-3.5" />}
        >
          {znode.path === '/' ? 'Restore everything…' : 'Restore this subtree…'}
        </LinkButton>
        <LinkButton
          size="small"
          href={paths.clusterTree(writing.clusterId, { path: znode.path })}
          icon={<Archive aria-hidden className="size-3.5" />}
        >
          Show it live
        </LinkButton>
        {exporting}
      </div>
    )
  }
  const { clusterId, clusterName, isArmed } = writing
  const locked = isArmed ? null : `${clusterName} is read-only. Arm it in its settings to change znodes.`
  const system = isSystemPath(znode.path) && '/zookeeper belongs to the servers and is not written here'
  const done = (written: ZnodeWritten) => {
    close()
    onWritten(written)
  }
  const dialog = { clusterId, clusterName, znode, onClose: close, onDone: done }
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button
        size="small"
        icon={<FilePlus2 aria-hidden className="size-3.5" />}
        disabledReason={locked ?? (system || (znode.kind === 'ephemeral' && 'Ephemeral znodes cannot have children'))}
        onClick={() => setOpen('create')}
      >
        Create child
      </Button>
      <Button
        size="small"
        icon={<Pencil aria-hidden className="size-3.5" />}
        disabledReason={
          locked ?? (system || (znode.truncated && 'The value is too large to be edited here. Write it with a client.'))
        }
        onClick={() => setOpen('value')}
      >
        Edit value
      </Button>
      <Button
        size="small"
        icon={<Shield aria-hidden className="size-3.5" />}
        disabledReason={
          locked ??
          (system || (isMaskedAcl(znode.acl) && 'The server hides parts of this ACL, so it cannot be written back'))
        }
        onClick={() => setOpen('acl')}
      >
        Edit access
      </Button>
      <Button
        size="small"
        icon={<Trash2 aria-hidden className="size-3.5" />}
        disabledReason={locked ?? (system || (znode.path === '/' && 'The root cannot be deleted'))}
        onClick={() => setOpen('delete')}
      >
        Delete…
      </Button>
      {exporting}
      {locked && (
        <Link href={paths.clusterSettings(clusterId, 'writing')} className="link text-xs">
          Arm {clusterName}
        </Link>
      )}
      {open === 'create' && <CreateDialog {...dialog} />}
      {open === 'value' && <EditValueDialog {...dialog} />}
      {open === 'acl' && <EditAclDialog {...dialog} />}
      {open === 'delete' && <DeleteDialog {...dialog} />}
    </div>
  )
}

export interface ZnodeDialogProps {
  readonly clusterId: string
  readonly clusterName: string
  readonly znode: ZnodeView
  readonly onClose: () => void
  readonly onDone: (written: ZnodeWritten) => void
}
