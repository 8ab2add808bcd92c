import { TextField } from '@/app/_ui/field.tsx'

/** Of credentials that servers ask for; `errors` as the schemas name them. */
export function UserPasswordFields({ errors }: { errors: Readonly<Record<string, string>> }) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <TextField label="User" name="username" autoComplete="off" required error={errors['auth.username']} />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        error={errors['auth.password']}
      />
    </div>
  )
}
