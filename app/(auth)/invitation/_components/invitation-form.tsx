'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { type FormEvent, useState, useSyncExternalStore } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { NewPasswordField } from '@/app/_components/new-password-field.tsx'
import { signIn } from '@/app/_components/sign-in-request.ts'
import { goTo } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import type { ErrorView } from '@/lib/services/error-view.ts'
import type { OpenInvitationView } from '@/lib/services/people/views.ts'
import { acceptInvitationAction, openInvitationAction } from '../actions.ts'

const NO_TOKEN: ErrorView = {
  code: 'NOT_FOUND',
  message: 'This address has no invitation in it',
  remedy: 'open the whole link that you were given',
}

const NO_ANSWER: ErrorView = {
  code: 'UNREACHABLE',
  message: 'Arkeeper does not answer',
  remedy: 'try again in a moment',
}

const subscribe = (onChange: () => void) => {
  window.addEventListener('hashchange', onChange)
  return () => window.removeEventListener('hashchange', onChange)
}

export function InvitationForm() {
  // Only the browser knows what stands behind the `#`; null until it says so.
  const token = useSyncExternalStore(
    subscribe,
    () => window.location.hash.slice(1),
    () => null,
  )
  const query = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => openInvitationAction({ token: token ?? '' }),
    enabled: token !== null && token !== '',
    // Every question is on record, and a refused one counts against the address.
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  if (token === '') return <Unusable error={NO_TOKEN} />
  if (query.error) return <Unusable error={NO_ANSWER} />
  if (token === null || !query.data) return <p className="text-muted text-sm">Looking at the invitation…</p>
  if (!query.data.ok) return <Unusable error={query.data.error} />
  return <AcceptForm token={token} invitation={query.data.value} />
}

function Unusable({ error }: { error: ErrorView }) {
  return (
    <div className="flex flex-col gap-3">
      <ErrorNotice error={error} />
      <Link href={paths.signIn()} className="link text-sm">
        Sign in
      </Link>
    </div>
  )
}

function AcceptForm({ token, invitation }: { token: string; invitation: OpenInvitationView }) {
  const [error, setError] = useState<ErrorView | null>(null)
  const [pending, setPending] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const password = String(data.get('password'))
    setPending(true)
    setError(null)
    const result = await acceptInvitationAction({ token, name: String(data.get('name')), password })
    const failure = result.ok ? await signIn({ email: result.value.email, password }) : result.error
    if (failure) {
      setError(failure)
      setPending(false)
    } else goTo(paths.overview())
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={error} fields={['name', 'password']} />
      <p className="text-sm">
        For <strong className="break-all">{invitation.email}</strong>, as {invitation.role}.
      </p>
      <input type="hidden" name="username" autoComplete="username" value={invitation.email} readOnly />
      <TextField label="Name" name="name" autoComplete="name" required maxLength={100} error={error?.fields?.name} />
      <NewPasswordField name="password" error={error?.fields?.password} />
      <Button type="submit" tone="primary" pending={pending}>
        Create account
      </Button>
    </form>
  )
}
