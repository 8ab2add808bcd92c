import { type ReactNode, Suspense } from 'react'
import { QueryProvider } from '@/app/_components/query-provider.tsx'
import { RoleProvider } from '@/app/_components/role.tsx'
import { PageSkeleton } from '@/app/_ui/skeleton.tsx'
import { ConsoleFrame } from './_components/console-frame.tsx'
import { loadFrame } from './loaders.ts'

export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const frame = await loadFrame()
  return (
    <QueryProvider>
      <RoleProvider role={frame.person.role} clusterRoles={frame.clusterRoles}>
        <ConsoleFrame person={frame.person} clusters={frame.clusters}>
          <Suspense fallback={<PageSkeleton />}>{children}</Suspense>
        </ConsoleFrame>
      </RoleProvider>
    </QueryProvider>
  )
}
