import { TreeSkeleton } from '@/app/_components/tree-skeleton.tsx'

export default function Loading() {
  return <TreeSkeleton />
}
