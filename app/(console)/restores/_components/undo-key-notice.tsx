import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { UndoKeyView } from '@/lib/services/encryption/views.ts'

/** Said before anything is written: the safety backup is encrypted like every other, and planning the undo reads it. */
export function UndoKeyNotice({ clusterId, undoKey }: { clusterId: string; undoKey: UndoKeyView }) {
  const { at, until } = undoKey
  if (at === 'machine') {
    return <Notice title="The safety backup is encrypted; the key for its undo lies on the server" />
  }
  return (
    <Notice tone="warn" title="The safety backup is encrypted: an undo will need the private key">
      {at === 'unlock' && until !== null ? (
        <>
          It is unlocked now; that ends <RelativeTime at={until} />. After that an undo asks for it again.
        </>
      ) : (
        <>
          No private key that opens it is at hand: make sure that somebody has it before you go on. It is unlocked in
          the{' '}
          <Link href={paths.clusterSettings(clusterId, 'encryption')} className="link">
            settings of the cluster
          </Link>
          , now or when the undo is needed.
        </>
      )}
    </Notice>
  )
}
