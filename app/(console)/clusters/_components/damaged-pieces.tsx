'use client'

import { useRouter } from 'next/navigation'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { DamagedPieceView } from '@/lib/services/logs/views.ts'
import { mendPieceAction } from '../actions.ts'

const NAME = { piece: 'piece of the log', base: 'base of the live stream' } as const

/** Parts of the log that are not what was written, each with what can be done about it. */
export function DamagedPieces({ clusterId, damaged }: { clusterId: string; damaged: readonly DamagedPieceView[] }) {
  const router = useRouter()
  const mend = useAction(mendPieceAction, () => router.refresh())
  if (damaged.length === 0) return null
  return (
    <>
      <FormError error={mend.error} fields={[]} />
      {damaged.map((piece) => (
        <Notice
          key={`${piece.kind} ${piece.storeId} ${piece.first}`}
          tone="bad"
          title={`A ${NAME[piece.kind]} in ${piece.storeName} is damaged`}
          action={
            piece.soundIn !== null && !piece.isAsked ? (
              <GuardedButton
                action="logs.mend"
                pending={mend.pending}
                aria-label={`Put the ${piece.kind} from ${piece.first} in ${piece.storeName} back from ${piece.soundIn}`}
                onClick={() => mend.run({ clusterId, storeId: piece.storeId, first: piece.first, kind: piece.kind })}
              >
                Put it back
              </GuardedButton>
            ) : null
          }
        >
          <Zxid value={piece.first} />
          {piece.kind === 'piece' && (
            <>
              {' '}
              to <Zxid value={piece.last} />
            </>
          )}
          : {piece.fault}
          {piece.foundAt !== null && (
            <>
              {' '}
              (found <RelativeTime at={piece.foundAt} />)
            </>
          )}
          . {describeHelp(piece)}
        </Notice>
      ))}
    </>
  )
}

function describeHelp({ kind, soundIn, isAsked }: DamagedPieceView): string {
  if (isAsked) return 'It is being put back.'
  if (soundIn === null && kind === 'base')
    return 'No other store has it: moments are replayed over an older base or a backup.'
  if (soundIn === null)
    return 'No other store has it: moments within it are replayed from a member that still holds it.'
  return `${soundIn} has it sound, and what is read comes from there.`
}
