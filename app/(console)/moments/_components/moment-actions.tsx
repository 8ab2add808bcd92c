'use client'

import { Archive, GitCompareArrows, History } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { formatTreeRef } from '@/lib/services/tree/tree-ref.ts'
import { startDiffAction } from '../../diffs/actions.ts'
import { saveMomentAction } from '../actions.ts'

export function MomentActions({ clusterId, zxid }: { clusterId: string; zxid: string }) {
  const router = useRouter()
  const ref = formatTreeRef({ kind: 'moment', clusterId, zxid })
  const live = formatTreeRef({ kind: 'live', clusterId })
  const compare = useAction(startDiffAction, ({ diffId }) => router.push(paths.diff(diffId)))
  const save = useAction(saveMomentAction, () => router.push(paths.cluster(clusterId, 'backups')))
  const error = compare.error ?? save.error
  return (
    <div className="flex flex-col gap-2">
      {error && <ErrorNotice error={error} />}
      <div className="flex flex-wrap gap-2">
        <Button
          icon={<GitCompareArrows aria-hidden className="size-4" />}
          pending={compare.pending}
          onClick={() => compare.run({ left: ref, right: live, path: '/', includeEphemerals: false })}
        >
          Compare with live
        </Button>
        <LinkButton
          href={paths.newDiff({ left: ref, right: live })}
          icon={<GitCompareArrows aria-hidden className="size-4" />}
        >
          Compare with…
        </LinkButton>
        <LinkButton
          tone="primary"
          href={paths.newRestore({ clusterId, source: ref })}
          icon={<History aria-hidden className="size-4" />}
        >
          Restore from this moment…
        </LinkButton>
        <GuardedButton
          action="backup.start"
          icon={<Archive aria-hidden className="size-4" />}
          pending={save.pending}
          onClick={() => save.run({ clusterId, zxid })}
        >
          Save as a backup
        </GuardedButton>
      </div>
    </div>
  )
}
