'use client'

import { useRouter } from 'next/navigation'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { startRescanAction } from '../actions.ts'

/** Null: all of them. */
export function RescanButton({ storeId, name }: { storeId: string | null; name?: string }) {
  const router = useRouter()
  const rescan = useAction(startRescanAction, () => router.refresh())
  return (
    <>
      <FormError error={rescan.error} fields={[]} />
      <GuardedButton
        action="backup.rescan"
        size={storeId === null ? undefined : 'small'}
        pending={rescan.pending}
        aria-label={name === undefined ? 'Rescan all stores' : `Rescan ${name}`}
        onClick={() => rescan.run({ storeId })}
      >
        {storeId === null ? 'Rescan all stores' : 'Rescan'}
      </GuardedButton>
    </>
  )
}
