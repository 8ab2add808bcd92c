import clsx from 'clsx'

/** The mark is drawn in place, so that it needs no request and follows the text's colour. */
export function Brand({ className }: { className?: string }) {
  return (
    <span className={clsx('inline-flex items-center gap-2 font-semibold text-base tracking-tight', className)}>
      <svg viewBox="0 0 32 32" aria-hidden="true" className="size-6 shrink-0">
        <rect width="32" height="32" rx="7" fill="#0b5f7d" />
        <path d="M5 17h22l-2.6 6.2A4.5 4.5 0 0 1 20.2 26h-8.4a4.5 4.5 0 0 1-4.2-2.8Z" fill="#fff" />
        <path
          d="M9.5 14.5v-3L16 6.5l6.5 5v3"
          fill="none"
          stroke="#fff"
          strokeWidth="2.4"
          strokeLinejoin="round"
          strokeLinecap="round"
        />
        <circle cx="16" cy="12.6" r="1.7" fill="#8fd6ee" />
      </svg>
      Arkeeper
    </span>
  )
}
