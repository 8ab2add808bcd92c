'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { NewPasswordField } from '@/app/_components/new-password-field.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { changePasswordAction } from '../actions.ts'

const EMPTY = { current: '', password: '' }

export function PasswordForm() {
  const router = useRouter()
  const [given, setGiven] = useState(EMPTY)
  const [done, setDone] = useState(false)
  const change = useAction(changePasswordAction, () => {
    setGiven(EMPTY)
    setDone(true)
    router.refresh()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setDone(false)
    change.run(given)
  }
  return (
    <form onSubmit={submit} className="flex max-w-sm flex-col gap-3">
      <FormError error={change.error} fields={['current', 'password']} />
      <TextField
        label="Password of now"
        type="password"
        autoComplete="current-password"
        required
        value={given.current}
        onChange={(event) => setGiven({ ...given, current: event.target.value })}
        error={change.error?.fields?.current}
      />
      <NewPasswordField
        label="New password"
        value={given.password}
        onChange={(event) => setGiven({ ...given, password: event.target.value })}
        error={change.error?.fields?.password}
      />
      <Button type="submit" tone="primary" pending={change.pending}>
        Change password and end other sessions
      </Button>
      {done && <Notice tone="good" live title="The password is changed, and every other session has ended" />}
    </form>
  )
}
