import { buttonClass } from '@/app/_ui/button-class.ts'
import { SignInForm } from './sign-in-form.tsx'

export interface SingleSignOnWay {
  readonly label: string
  readonly startUrl: string
  readonly isPasswordTheException: boolean
}

/** With a password, through the provider, or both. A plain link: it leaves this site. */
export function SignInWays({ next, provider }: { next: string; provider: SingleSignOnWay | null }) {
  if (!provider) return <SignInForm next={next} />
  const { label, startUrl, isPasswordTheException } = provider
  return (
    <div className="flex flex-col gap-4">
      <a href={`${startUrl}?${new URLSearchParams({ next })}`} className={buttonClass({ tone: 'primary' })}>
        {label}
      </a>
      {isPasswordTheException ? (
        <details className="text-sm">
          <summary className="cursor-pointer text-muted">With a password, for named accounts only</summary>
          <div className="pt-3">
            <SignInForm next={next} />
          </div>
        </details>
      ) : (
        <>
          <p className="text-center text-muted text-sm">or with a password</p>
          <SignInForm next={next} />
        </>
      )}
    </div>
  )
}
