'use client'

import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { signIn } from '@/app/_components/sign-in-request.ts'
import { goTo } from '@/app/_nav/address-bar.ts'
import { Button } from '@/app/_ui/button.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import type { ErrorView } from '@/lib/services/error-view.ts'

export function SignInForm({ next }: { next: string }) {
  const [error, setError] = useState<ErrorView | null>(null)
  const [pending, setPending] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    setPending(true)
    setError(null)
    const failure = await signIn({ email: String(data.get('email')), password: String(data.get('password')) })
    if (failure) {
      setError(failure)
      setPending(false)
    } else goTo(next)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      {error && <ErrorNotice error={error} />}
      <TextField label="E-mail" name="email" type="email" autoComplete="username" required />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
      <Button type="submit" tone="primary" pending={pending}>
        Sign in
      </Button>
    </form>
  )
}
