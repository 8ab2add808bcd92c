import type { ComponentProps } from 'react'
import { TextField } from '@/app/_ui/field.tsx'
import { PASSWORD_MAX, PASSWORD_MIN } from '@/lib/services/people/schemas.ts'

/** A password that is chosen here. */
export function NewPasswordField({ label = 'Password', ...rest }: Partial<ComponentProps<typeof TextField>>) {
  return (
    <TextField
      label={label}
      type="password"
      autoComplete="new-password"
      required
      minLength={PASSWORD_MIN}
      maxLength={PASSWORD_MAX}
      hint={`At least ${PASSWORD_MIN} characters.`}
      {...rest}
    />
  )
}
