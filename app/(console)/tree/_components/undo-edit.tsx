'use client'

import { Undo2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { startUndoAction } from '../../restores/actions.ts'
import type { ZnodeWritten } from './znode-panel.tsx'

const DONE: Record<ZnodeWritten['kind'], string> = { created: 'Created', changed: 'Changed', deleted: 'Deleted' }

/** Right after an edit: the way back is one click and a plan away. */
export function UndoEdit({ edit, editId, onClose }: { edit: ZnodeWritten; editId: string; onClose: () => void }) {
  const router = useRouter()
  const undo = useAction(startUndoAction, ({ restoreId }) => router.push(paths.restore(restoreId)))
  return (
    <>
      {undo.error && <ErrorNotice error={undo.error} />}
      <Notice
        live
        title={
          <>
            {DONE[edit.kind]} <ZnodePath path={edit.path} />
          </>
        }
        action={
          <span className="flex gap-2">
            <Button
              size="small"
              icon={<Undo2 aria-hidden className="size-3.5" />}
              pending={undo.pending}
              onClick={() => undo.run({ restoreId: editId })}
            >
              Undo…
            </Button>
            <Button size="small" onClick={onClose}>
              Dismiss
            </Button>
          </span>
        }
      >
        Undo makes a plan that takes it back, to read and confirm. It stays on the Restores page of the cluster.
      </Notice>
    </>
  )
}
