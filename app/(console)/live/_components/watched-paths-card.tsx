'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { WatchedPathView } from '@/lib/services/live/views.ts'
import { unwatchPathAction, watchPathAction } from '../actions.ts'

const FIELDS = ['path', 'note']

/** Paths of which people want to hear: what is written there is listed, and raises an alert. */
export function WatchedPathsCard({
  clusterId,
  isFollowed,
  watched,
}: {
  clusterId: string
  isFollowed: boolean
  watched: readonly WatchedPathView[]
}) {
  const router = useRouter()
  const [path, setPath] = useState('')
  const [note, setNote] = useState('')
  const add = useAction(watchPathAction, () => {
    setPath('')
    setNote('')
    router.refresh()
  })
  const remove = useAction(unwatchPathAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.run({ clusterId, path: path.trim(), note })
  }
  return (
    <Card title="Watched paths">
      <div className="flex flex-col gap-3 text-sm">
        <p className="text-muted">
          What is written at or below these paths raises the alert “Watched path written” while it goes on, once for
          each path. {!isFollowed && 'They are watched while the cluster is followed, which it is not now.'}
        </p>
        {remove.error && <ErrorNotice error={remove.error} />}
        {watched.length > 0 && (
          <ul className="divide-y rounded-md border">
            {watched.map((each) => (
              <Watched
                key={each.id}
                watched={each}
                pending={remove.pending}
                onRemove={() => remove.run({ clusterId, watchedPathId: each.id })}
              />
            ))}
          </ul>
        )}
        <form onSubmit={submit} className="flex flex-wrap items-start gap-3">
          <TextField
            label="Path"
            wrapperClassName="min-w-44 flex-1"
            className="font-mono"
            value={path}
            onChange={(event) => setPath(event.target.value)}
            error={add.error?.fields?.path}
            placeholder="/app/config"
            required
          />
          <TextField
            label="Note"
            hint="Goes into the alert, which does not name the path."
            wrapperClassName="min-w-44 flex-1"
            value={note}
            onChange={(event) => setNote(event.target.value)}
            error={add.error?.fields?.note}
          />
          <div className="sm:pt-6">
            <GuardedButton action="follow.watch-path" type="submit" pending={add.pending}>
              Watch this path
            </GuardedButton>
          </div>
        </form>
        <FormError error={add.error} fields={FIELDS} />
      </div>
    </Card>
  )
}

function Watched({ watched, pending, onRemove }: { watched: WatchedPathView; pending: boolean; onRemove: () => void }) {
  const [last] = watched.hits
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
      <span className="min-w-0 flex-1">
        <ZnodePath path={watched.path} />
        {watched.note !== '' && <span className="text-muted">, {watched.note}</span>}
        <span className="block text-muted text-xs">
          {last ? (
            <>
              {watched.hitCount === 1 ? 'Written once' : `Written ${plural(watched.hitCount, 'time')}`}, last{' '}
              <RelativeTime at={last.at} />: {last.type} <ZnodePath path={last.path} />
              {last.transactions > 1 && `, with ${plural(last.transactions - 1, 'more')}`}
            </>
          ) : (
            'Not written since it is watched'
          )}
        </span>
      </span>
      <GuardedButton
        action="follow.unwatch-path"
        size="small"
        pending={pending}
        aria-label={`Watch no more: ${watched.path}`}
        onClick={onRemove}
      >
        Watch no more
      </GuardedButton>
    </li>
  )
}
