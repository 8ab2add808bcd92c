import clsx from 'clsx'

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={clsx('skeleton h-4', className)} />
}

/** A page that is on its way: announced to screen readers, drawn as blocks. */
export function PageSkeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" className="flex flex-col gap-4">
      <span className="sr-only">Loading</span>
      <Skeleton className="h-7 w-56" />
      <div className="flex flex-col gap-3 rounded-lg border bg-surface p-4">
        {Array.from({ length: rows }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks without identity
          <Skeleton key={index} className={index % 3 === 2 ? 'w-2/3' : 'w-full'} />
        ))}
      </div>
    </div>
  )
}
