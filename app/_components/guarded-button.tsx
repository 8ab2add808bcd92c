'use client'

import { Button, type ButtonProps } from '@/app/_ui/button.tsx'
import type { Action } from '@/lib/services/policy.ts'
import { useLack } from './role.tsx'

/** A button of an action that not every role may do: for the others it is there, and says why it cannot be used. */
export function GuardedButton({ action, disabledReason, ...rest }: ButtonProps & { readonly action: Action }) {
  const lack = useLack(action)
  return <Button {...rest} disabledReason={lack ?? disabledReason} />
}
