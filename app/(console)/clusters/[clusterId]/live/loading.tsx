import { PageSkeleton } from '@/app/_ui/skeleton.tsx'

export default function Loading() {
  return <PageSkeleton rows={9} />
}
