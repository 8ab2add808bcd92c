import { redirect } from 'next/navigation'
import { paths } from '@/app/_nav/paths.ts'

export default async function ClusterPage({ params }: { params: Promise<{ clusterId: string }> }) {
  redirect(paths.cluster((await params).clusterId))
}
