'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { verifyAuditAction } from '../actions.ts'

const REFRESH_MS = 2_000

/** The worker reads; the page asks for its state until it has. */
export function VerifyButton({ isUnderWay }: { isUnderWay: boolean }) {
  const router = useRouter()
  const verify = useAction(verifyAuditAction, () => router.refresh())
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setInterval(() => router.refresh(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isUnderWay, router])
  return (
    <>
      <GuardedButton
        action="audit.verify"
        size="small"
        pending={verify.pending}
        disabledReason={isUnderWay ? 'it is being read' : undefined}
        onClick={() => verify.run({})}
      >
        {isUnderWay ? 'Reading the chain…' : 'Verify the whole chain'}
      </GuardedButton>
      <FormError error={verify.error} fields={[]} />
    </>
  )
}
