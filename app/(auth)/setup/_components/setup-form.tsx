'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { NewPasswordField } from '@/app/_components/new-password-field.tsx'
import { signIn } from '@/app/_components/sign-in-request.ts'
import { goTo } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import type { ErrorView } from '@/lib/services/error-view.ts'
import { createAdministratorAction } from '../actions.ts'

export function SetupForm({ asksCode }: { asksCode: boolean }) {
  const [error, setError] = useState<ErrorView | null>(null)
  const [pending, setPending] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const code = data.get('code')
    const input = {
      name: String(data.get('name')),
      email: String(data.get('email')),
      password: String(data.get('password')),
    }
    setPending(true)
    setError(null)
    const result = await createAdministratorAction(code === null ? input : { ...input, code: String(code) })
    const failure = result.ok ? await signIn(input) : result.error
    if (failure) {
      setError(failure)
      setPending(false)
    } else goTo(paths.overview())
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={error} fields={['code', 'name', 'email', 'password']} />
      {asksCode && (
        <TextField
          label="Set-up code"
          name="code"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          hint="It stands on the terminal where Arkeeper was started."
          error={error?.fields?.code}
        />
      )}
      <TextField label="Name" name="name" autoComplete="name" required maxLength={100} error={error?.fields?.name} />
      <TextField
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        required
        hint="Used to sign in; no mail is sent."
        error={error?.fields?.email}
      />
      <NewPasswordField name="password" error={error?.fields?.password} />
      <Button type="submit" tone="primary" pending={pending}>
        Create administrator
      </Button>
    </form>
  )
}
