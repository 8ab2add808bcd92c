import { Skeleton } from '@/app/_ui/skeleton.tsx'

export function TreeSkeleton() {
  return (
    <div role="status" className="flex flex-col gap-4">
      <span className="sr-only">Loading the tree</span>
      <Skeleton className="h-7 w-64" />
      <div className="grid gap-3 lg:grid-cols-[2fr_3fr]">
        <div className="flex h-[60dvh] flex-col gap-2 rounded-lg border bg-surface p-3">
          {['w-1/3', 'w-1/2', 'w-2/5', 'w-3/5', 'w-1/2', 'w-1/3'].map((width, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: blocks without identity
            <Skeleton key={index} className={width} />
          ))}
        </div>
        <div className="flex h-[60dvh] flex-col gap-3 rounded-lg border bg-surface p-4">
          <Skeleton className="h-6 w-2/3" />
          <Skeleton className="h-48" />
        </div>
      </div>
    </div>
  )
}
