'use client'

import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { viewOfError } from '@/app/_components/request-json.ts'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { IgnoredMode } from '@/lib/services/diffs/schemas.ts'
import type { usePicks } from './use-picks.ts'

/** What of the picks in the link is not picked, and why. */
export function PickNotices({ picking, ignored }: { picking: ReturnType<typeof usePicks>; ignored: IgnoredMode }) {
  const { error, dropped, isElsewhere, isForgetful } = picking
  return (
    <>
      {error && <ErrorNotice error={viewOfError(error)} />}
      {dropped && (
        <Notice tone="warn" live title={`${plural(dropped.droppedCount, 'pick')} of this link dropped`}>
          {dropped.droppedCount === 1 ? 'It stands' : 'They stand'} for no difference
          {ignored === 'hide' ? ' that is shown here' : ' here'}: {dropped.dropped.slice(0, 5).join(', ')}
          {dropped.droppedCount > 5 && ` and ${formatCount(dropped.droppedCount - 5)} more`}.
        </Notice>
      )}
      {isElsewhere && (
        <Notice tone="warn" live title="The picks of this link are in another browser">
          They were too many for a link, and the browser in which they were ticked keeps them. Nothing is picked here.
        </Notice>
      )}
      {isForgetful && (
        <Notice tone="warn" live title="These picks are lost on a reload">
          They are too many for the address of this page, and this browser keeps nothing for it. Make the plan before
          you leave.
        </Notice>
      )}
    </>
  )
}
